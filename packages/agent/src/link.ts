import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ToolFailed, type RunTool } from './tool.ts';

const Link = z.object({
  ifindex: z.number().int(),
  ifname: z.string(),
  mtu: z.number().int(),
  flags: z.array(z.string()),
  linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
});

const Addresses = z.array(
  z.object({
    addr_info: z.array(
      z.object({ family: z.string(), local: z.string(), prefixlen: z.number().int(), scope: z.string() }),
    ),
  }),
);

const Interfaces = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number().int() })),
  }),
);

const Routes = z.array(z.object({ gateway: z.string().optional(), dev: z.string().optional() }));

export interface LinkInfo {
  /** The kernel never reuses an index within the life of a network namespace. */
  readonly index: number;
  /** True for an interface of the kernel's own WireGuard, false for one that a program serves. */
  readonly isKernelWireGuard: boolean;
  readonly mtu: number;
  readonly isUp: boolean;
}

/** Reads an interface from the kernel; undefined if there is none of that name. */
export async function readLink(runTool: RunTool, interfaceName: string): Promise<LinkInfo | undefined> {
  try {
    const [link] = z
      .array(Link)
      .parse(JSON.parse(await runTool('ip', ['-json', '-details', 'link', 'show', 'dev', interfaceName])));
    if (link === undefined) return undefined;
    return {
      index: link.ifindex,
      isKernelWireGuard: link.linkinfo?.info_kind === 'wireguard',
      mtu: link.mtu,
      isUp: link.flags.includes('UP'),
    };
  } catch (error) {
    if (error instanceof ToolFailed && error.stderr.includes('does not exist')) return undefined;
    throw error;
  }
}

/** The name of the interface with this index; undefined if this network namespace has none. */
export async function nameOfIndex(runTool: RunTool, index: number): Promise<string | undefined> {
  const links = z
    .array(Link.pick({ ifindex: true, ifname: true }))
    .parse(JSON.parse(await runTool('ip', ['-json', 'link', 'show'])));
  return links.find(({ ifindex }) => ifindex === index)?.ifname;
}

/** The interface's addresses in CIDR notation, without link-local ones. */
export async function readAddresses(runTool: RunTool, interfaceName: string): Promise<string[]> {
  const text = await runTool('ip', ['-json', 'address', 'show', 'dev', interfaceName]);
  return Addresses.parse(JSON.parse(text)).flatMap(({ addr_info: entries }) =>
    entries.filter((entry) => entry.scope !== 'link').map((entry) => `${entry.local}/${entry.prefixlen}`),
  );
}

/** The networks of all other interfaces' addresses, and the routers that the machine sends to. */
export async function readNetworksElsewhere(runTool: RunTool, interfaceName: string): Promise<string[]> {
  const routes = (family: string) => runTool('ip', ['-json', family, 'route', 'show', 'table', 'all']);
  const [addresses, ...listings] = await Promise.all([
    runTool('ip', ['-json', 'address', 'show']),
    routes('-4'),
    routes('-6'),
  ]);
  const networks = Interfaces.parse(JSON.parse(addresses))
    .filter(({ ifname }) => ifname !== interfaceName)
    .flatMap(({ addr_info: entries }) => entries.map(({ local, prefixlen }) => `${local}/${prefixlen}`));
  const routers = listings.flatMap((listing) =>
    Routes.parse(JSON.parse(listing)).flatMap(({ gateway, dev }) =>
      gateway === undefined || dev === interfaceName
        ? []
        : [`${gateway}/${gateway.includes(':') ? 128 : 32}`],
    ),
  );
  return [...networks, ...routers];
}

/**
 * Returns a cheap check whether an interface is still the same: its index. Reading it from /sys costs some 20 µs.
 * But /sys shows the network namespace in which it was mounted, which differs after a bare `nsenter --net`. So /sys
 * is used only if it agrees with the kernel's answer; otherwise `ip` is called each time (2 ms).
 */
export async function watchIndex(
  runTool: RunTool,
  interfaceName: string,
): Promise<() => Promise<string | undefined>> {
  const link = await readLink(runTool, interfaceName);
  const fromSys = () => readSysIndex(interfaceName);
  if (link !== undefined && (await fromSys()) === String(link.index)) return fromSys;
  return async () => (await readLink(runTool, interfaceName))?.index.toString();
}

async function readSysIndex(interfaceName: string): Promise<string | undefined> {
  try {
    return (await readFile(`/sys/class/net/${interfaceName}/ifindex`, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
