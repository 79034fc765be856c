/**
 * Limits each device's share of the machine's connection table. The table is shared by all, so a device that fills
 * it would stop everybody's new connections. Each tunnel address gets a fixed number, and abandoned connections
 * expire sooner than by the kernel's defaults, which keep a TCP connection that nobody ended for five days.
 */

/**
 * A machine has 65,536 entries or more. A browser uses some hundred; file sharing can be configured for this limit.
 */
export const CONNECTIONS_PER_ADDRESS = 2_000;

/** Seconds. RFC 5382 requires 2 h 4 min for an idle TCP connection, RFC 4787 requires 2 min for answered UDP. */
const TIMEOUTS = {
  tcp:
    'syn_sent : 20, syn_recv : 20, established : 7440, fin_wait : 30, close_wait : 30, last_ack : 20, ' +
    'time_wait : 20, close : 5',
  udp: 'unreplied : 20, replied : 120',
} as const;

const PROTOCOLS = ['tcp', 'udp'] as const;
const FAMILIES = [4, 6] as const;

/** The table's sets and objects that the rules refer to. */
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
 * Rules for packets from the tunnel, after all rules that may drop them: only packets that pass use the share.
 *
 * The kernel records an address's connection before it reports that the limit is exceeded, and forgets at most
 * eight such records with each next one. So an address over its limit is not counted for a second. Otherwise it
 * would wait for minutes after its connections ended.
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
