/**
 * Virtual cables between this machine and network namespaces: that of the demo's VPN server, and those of test
 * clients. Documentation networks (RFC 5737, RFC 3849) are used: nobody else has them, and unlike private ones, the
 * agent lets devices reach them, so they can play the internet.
 */
import ipaddr from 'ipaddr.js';
import { attempt, run } from './command.ts';

const NETWORKS = ['203.0.113', '198.51.100', '192.0.2'];
const CABLES_PER_NETWORK = 64;
export const CABLES = NETWORKS.length * CABLES_PER_NETWORK;
/** The cable's end in the namespace. */
export const UPLINK = 'uplink';

export interface Cable {
  /** From 0 to CABLES - 1. */
  readonly index: number;
  /** The interface on this machine. */
  readonly name: string;
  readonly subnet: string;
  readonly outsideAddress: string;
  readonly insideAddress: string;
  /** Null if the machine has no IPv6. */
  readonly ipv6: {
    readonly subnet: string;
    readonly outsideAddress: string;
    readonly insideAddress: string;
  } | null;
}

function cableAt(index: number): Omit<Cable, 'ipv6'> {
  const prefix = NETWORKS[Math.floor(index / CABLES_PER_NETWORK)]!;
  const first = (index % CABLES_PER_NETWORK) * 4;
  return {
    index,
    name: `cvcable${index}`,
    subnet: `${prefix}.${first}/30`,
    outsideAddress: `${prefix}.${first + 1}`,
    insideAddress: `${prefix}.${first + 2}`,
  };
}

function ipv6At(index: number) {
  const prefix = `2001:db8:cab:${index.toString(16)}:`;
  return { subnet: `${prefix}:/64`, outsideAddress: `${prefix}:1`, insideAddress: `${prefix}:2` };
}

type Range = ReturnType<typeof ipaddr.IPv4.parseCIDR>;

function overlap([a, aBits]: Range, [b, bBits]: Range): boolean {
  return a.match(b, Math.min(aBits, bBits));
}

/** Networks with an address or an explicit route on this machine. */
async function networksInUse(): Promise<Range[]> {
  const [links, routes] = await Promise.all([
    run('ip', '-json', '-4', 'address', 'show'),
    run('ip', '-json', '-4', 'route', 'show', 'table', 'all'),
  ]);
  const addresses = (JSON.parse(links || '[]') as { addr_info?: { local: string; prefixlen: number }[] }[])
    .flatMap((link) => link.addr_info ?? [])
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  const destinations = (JSON.parse(routes || '[]') as { dst: string }[]).map(({ dst }) =>
    dst.includes('/') ? dst : `${dst}/32`,
  );
  return [...addresses, ...destinations].flatMap((text) => {
    try {
      const range = ipaddr.IPv4.parseCIDR(text);
      // Half of the address space is a VPN's default route.
      return range[1] <= 1 ? [] : [range];
    } catch {
      return [];
    }
  });
}

/**
 * Lays a cable between this machine and a namespace. The interface's name claims the cable's addresses: the kernel
 * refuses duplicates, so concurrent callers never share them.
 * @param namespace its name, or the id of a process in it
 * @param preferred the order in which cables are tried
 * @throws Error if none is free
 */
export async function layCable(namespace: string, preferred: Iterable<number>): Promise<Cable> {
  const inUse = await networksInUse();
  for (const index of preferred) {
    const cable = cableAt(index);
    const subnet = ipaddr.IPv4.parseCIDR(cable.subnet);
    if (inUse.some((range) => overlap(range, subnet))) continue;
    try {
      await run(
        ...(['ip', 'link', 'add', cable.name, 'type', 'veth'] as const),
        ...['peer', 'name', UPLINK, 'netns', namespace],
      );
    } catch (error) {
      const isTaken = await run('ip', 'link', 'show', 'dev', cable.name).then(
        () => true,
        () => false,
      );
      if (isTaken) continue;
      throw error;
    }
    try {
      await run('ip', 'address', 'add', `${cable.outsideAddress}/30`, 'dev', cable.name);
      return { ...cable, ipv6: await giveIpv6(cable) };
    } catch (error) {
      await removeCable(cable);
      throw error;
    }
  }
  throw new Error('every address of the documentation networks is in use');
}

async function giveIpv6({ index, name }: Pick<Cable, 'index' | 'name'>): Promise<Cable['ipv6']> {
  const ipv6 = ipv6At(index);
  return run('ip', '-6', 'address', 'add', `${ipv6.outsideAddress}/64`, 'dev', name, 'nodad').then(
    () => ipv6,
    () => null,
  );
}

/** Removes both ends. */
export async function removeCable({ name }: Pick<Cable, 'name'>): Promise<void> {
  await attempt('ip', 'link', 'delete', name);
}
