/**
 * Each device's share of the machine's connection table, which is one for all: a device that fills it stops everybody's new
 * connections. So each tunnel address has so many at once, and what is left behind goes sooner than by the kernel's own times:
 * there, a TCP connection that nobody ended stays for five days.
 */

/** A machine has 65,536 entries or more. A browser uses some hundred; file sharing is told to make do with so many. */
export const CONNECTIONS_PER_ADDRESS = 2_000;

/** Seconds. RFC 5382 asks for 2 h 4 min of an idle TCP connection, RFC 4787 for 2 min of UDP that was answered. */
const TIMEOUTS = {
  tcp:
    'syn_sent : 20, syn_recv : 20, established : 7440, fin_wait : 30, close_wait : 30, last_ack : 20, ' +
    'time_wait : 20, close : 5',
  udp: 'unreplied : 20, replied : 120',
} as const;

const PROTOCOLS = ['tcp', 'udp'] as const;
const FAMILIES = [4, 6] as const;

/** Sets and objects of the table that the rules refer to. */
export function renderShareSets(): string {
  const sets = FAMILIES.flatMap((family) => [
    `set connections${family} { type ipv${family}_addr; size 1048576; flags dynamic; }`,
    `set crowded${family} { type ipv${family}_addr; size 1048576; flags dynamic, timeout; timeout 1s; }`,
  ]);
  const timeouts = FAMILIES.flatMap((family) =>
    PROTOCOLS.map(
      (protocol) => `ct timeout ${protocol}${family} {
    protocol ${protocol}
    l3proto ${family === 4 ? 'ip' : 'ip6'}
    policy = { ${TIMEOUTS[protocol]} }
  }`,
    ),
  );
  return [...sets, ...timeouts].join('\n  ');
}

/**
 * Rules for what comes out of the tunnel, after all that may drop it: only what passes takes a place.
 *
 * The kernel notes what it counts before it says that it is too much, and forgets at most eight of those with each next one. So
 * an address that has too many is not counted for a second: or it would wait for minutes after its connections have ended.
 */
export function renderShareRules(tunnel: string): string {
  const newcomers = `iifname ${tunnel} ct state new`;
  const counted = FAMILIES.flatMap((family) => {
    const source = family === 4 ? 'ip saddr' : 'ip6 saddr';
    const tooMany = `${source} ct count over ${CONNECTIONS_PER_ADDRESS}`;
    return [
      `${newcomers} ${source} @crowded${family} drop`,
      `${newcomers} add @connections${family} { ${tooMany} } add @crowded${family} { ${source} } drop`,
    ];
  });
  const timed = FAMILIES.flatMap((family) =>
    PROTOCOLS.map(
      (protocol) =>
        `${newcomers} meta nfproto ipv${family} meta l4proto ${protocol} ct timeout set "${protocol}${family}"`,
    ),
  );
  return [...counted, ...timed].join('\n    ');
}
