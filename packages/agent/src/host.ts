import { readdir, readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { ADMITTED } from './admission-rules.ts';
import { parseBaseChains, whyDropped } from './foreign-filters.ts';
import type { Fault } from './guard.ts';
import { inNetworks, neighbourOf, networkOf } from './network-address.ts';
import { tableName } from './nftables.ts';
import { parsePrefix, type Prefix } from './prefix.ts';
import { ToolFailed, type RunTool } from './tool.ts';

export interface HostOptions {
  readonly interfaceName: string;
  readonly listenPort: number;
  readonly runTool: RunTool;
  /** The interface's own addresses, in CIDR notation, which give the networks of devices. */
  readonly own: () => readonly string[];
}

const Links = z.array(
  z.object({
    ifname: z.string(),
    /** The kind of its queue. */
    qdisc: z.string().optional(),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number() })),
  }),
);
type Links = z.infer<typeof Links>;
const Routes = z.array(
  z.object({ dst: z.string(), dev: z.string().optional(), type: z.string().optional() }),
);

/** Addresses on the internet for which the kernel is asked its route. Nothing is sent. */
const ANYWHERE = { 4: '1.1.1.1', 6: '2606:4700:4700::1111' } as const;
/** Queues that only reorder packets. All others delay or lose them. */
const HARMLESS_QUEUES = [
  'noqueue',
  'pfifo_fast',
  'pfifo',
  'bfifo',
  'mq',
  'fq',
  'fq_codel',
  'codel',
  'sfq',
  'cake',
];
/** Queues for tests and outages. Other queues on an uplink may be intended: they limit what the machine sends. */
const LOSSY_QUEUES = ['netem', 'blackhole', 'plug'];
/** Share of the connection table above which the kernel soon refuses new connections. */
const FULL_SHARE = 0.95;

/**
 * Checks what packets between tunnel and world need of the host beside the interface and the traffic rules:
 * forwarding, routes, addresses, queues, other tables' filters, and room in the connection table.
 */
export function createHostKeeper({ interfaceName, listenPort, runTool, own }: HostOptions) {
  /** Whether this host ever had a route to the IPv6 internet: many have none. */
  let hadRoute6 = false;

  /** The interfaces by which packets of devices leave. */
  const uplinks = new Set<string>();

  const prefixes = () => own().flatMap((text) => parsePrefix(text) ?? []);
  const networksOf = (all: readonly Prefix[]) => all.filter(isNetwork).map(networkOf);

  /** Forwarding of the whole host, and of one interface. */
  async function forwarding(family: 4 | 6, name: string): Promise<Fault[]> {
    const folder = `/proc/sys/net/ipv${family}`;
    const switches = [
      [family === 4 ? `${folder}/ip_forward` : `${folder}/conf/all/forwarding`, 'the host', 'forwarding_off'],
      [`${folder}/conf/${name}/forwarding`, name, 'interface_forwarding_off'],
    ] as const;
    for (const [file, whose, code] of switches) {
      if ((await read(file)) !== '0') continue;
      return [
        {
          code: family === 4 ? code : `${code}_ipv6`,
          detail: `IPv${family} forwarding of ${whose} was off.`,
          mend: () => writeFile(file, '1'),
        },
      ];
    }
    return [];
  }

  /** Asks the kernel where it would send a packet that the traffic rules let through. */
  async function way(
    family: 4 | 6,
    packet: { from: string; iif: string; to: string },
  ): Promise<{ device: string } | { error: string }> {
    const question = [packet.to, 'from', packet.from, 'iif', packet.iif, 'mark', String(ADMITTED)];
    try {
      const answer = await runTool('ip', [`-${family}`, 'route', 'get', ...question]);
      const [, device] = / dev (\S+)/.exec(answer) ?? [];
      return device === undefined ? { error: 'there is none' } : { device };
    } catch (error) {
      if (!(error instanceof ToolFailed) || error.exitCode === undefined) throw error;
      const words = error.stderr.replace('RTNETLINK answers: ', '').trim().split('\n')[0];
      return { error: words === undefined || words === '' ? 'there is none' : words };
    }
  }

  /** Routes from a device to the internet, and back. */
  async function ways(all: readonly Prefix[]): Promise<Fault[]> {
    const faults: Fault[] = [];
    for (const family of [4, 6] as const) {
      const first = all.find((prefix) => prefix.family === family && isNetwork(prefix));
      if (first === undefined) continue;
      const off = await forwarding(family, interfaceName);
      faults.push(...off);
      // Without forwarding, the kernel names no route either.
      if (off.length > 0) continue;
      const [device, suffix] = [neighbourOf(first), family === 4 ? '' : '_ipv6'];
      const out = await way(family, { from: device, iif: interfaceName, to: ANYWHERE[family] });
      if ('device' in out && out.device !== interfaceName) {
        if (family === 6) hadRoute6 = true;
        uplinks.add(out.device);
        const offOutside = await forwarding(family, out.device);
        faults.push(...offOutside);
        if (offOutside.length > 0) continue;
        const back = await way(family, { from: ANYWHERE[family], iif: out.device, to: device });
        // The packet leads to the host itself: the check of the host's addresses reports that.
        if ('device' in back && [interfaceName, 'lo'].includes(back.device)) continue;
        faults.push({
          code: `no_route_back${suffix}`,
          detail: `The host does not route IPv${family} packets from ${out.device} to devices: ${'error' in back ? back.error : `they go to ${back.device}`}.`,
        });
      } else if (family === 4 || hadRoute6) {
        const why = 'error' in out ? out.error : 'it leads into the tunnel again';
        faults.push({
          code: `no_route_out${suffix}`,
          detail: `The host has no IPv${family} route for the packets of devices to the internet: ${why}.`,
        });
      }
    }
    return faults;
  }

  /**
   * A strict source check drops packets that arrive by another interface than the answer would leave by. On a host
   * with two uplinks, that is a part of all packets. The kernel takes the larger of `all` and the interface's own
   * value; 2 is the loose check.
   */
  async function sourceChecks(): Promise<Fault[]> {
    const file = (name: string) => `/proc/sys/net/ipv4/conf/${name}/rp_filter`;
    const ofAll = await read(file('all'));
    if (ofAll === '2') return [];
    const names = ofAll === '1' ? ['all'] : await readdir('/proc/sys/net/ipv4/conf');
    for (const name of names.filter((one) => one !== 'default')) {
      if ((await read(file(name))) !== '1') continue;
      return [
        {
          code: 'source_check_strict',
          detail: `net.ipv4.conf.${name}.rp_filter was 1, which drops packets that come by another uplink than answers leave by.`,
          mend: () => writeFile(file('all'), '2'),
        },
      ];
    }
    return [];
  }

  /** The tunnel's networks must lead into the tunnel, and no part of them elsewhere. */
  async function routesIn(all: readonly Prefix[]): Promise<Fault[]> {
    const faults: Fault[] = [];
    for (const prefix of all.filter(isNetwork)) {
      const { family } = prefix;
      const network = networkOf(prefix);
      const text = `${network.address}/${network.length}`;
      const listing = await runTool('ip', [
        ...[`-${family}`, '-json', 'route', 'show', 'table', 'main', 'root', text],
      ]);
      const routes = Routes.parse(JSON.parse(listing === '' ? '[]' : listing));
      const astray = routes.filter(({ dev }) => dev !== interfaceName);
      if (astray.length > 0) {
        const where = astray.map(({ dst, dev, type }) => `${dst} ${dev ?? type ?? ''}`.trim()).slice(0, 3);
        faults.push({
          code: 'route_taken',
          detail: `Routes of the tunnel's network ${text} lead elsewhere: ${where.join(', ')}.`,
        });
      }
      if (!routes.some(({ dst, dev }) => dev === interfaceName && dst === text)) {
        const source = family === 4 ? ['scope', 'link', 'src', prefix.address] : ['metric', '256'];
        faults.push({
          code: 'route_removed',
          detail: `The route of the network ${text} into the tunnel was gone.`,
          async mend() {
            await runTool('ip', [
              ...[`-${family}`, 'route', 'replace', text, 'dev', interfaceName, 'proto', 'kernel', ...source],
            ]);
          },
        });
      }
    }
    return faults;
  }

  /** Finds addresses of the host in the devices' networks: packets for them would never reach a device. */
  function addressesTaken(all: readonly Prefix[], links: Links): Fault[] {
    const isDevices = inNetworks(networksOf(all));
    const owned = new Set(all.map(({ address }) => address));
    return links.flatMap(({ ifname, addr_info: entries }) =>
      entries
        .filter(({ local }) => isDevices(local) && !(ifname === interfaceName && owned.has(local)))
        .map(({ local, prefixlen }): Fault => {
          const detail = `The host has taken ${local} of the tunnel's network, on ${ifname}.`;
          if (ifname !== interfaceName) return { code: 'address_taken', detail };
          const address = `${local}/${prefixlen}`;
          return {
            code: 'address_added',
            detail,
            async mend() {
              await runTool('ip', ['address', 'delete', address, 'dev', interfaceName]);
            },
          };
        }),
    );
  }

  function queues(links: Links): Fault[] {
    return links.flatMap(({ ifname, qdisc = 'noqueue' }) => {
      const isStrange =
        ifname === interfaceName
          ? !HARMLESS_QUEUES.includes(qdisc)
          : uplinks.has(ifname) && LOSSY_QUEUES.includes(qdisc);
      if (!isStrange) return [];
      const detail =
        `The interface ${ifname} has a queue of the kind ${qdisc}, which holds back or loses packets of devices. ` +
        `Take it away: tc qdisc delete dev ${ifname} root.`;
      return [{ code: 'queue_foreign', detail }];
    });
  }

  async function filters(all: readonly Prefix[]): Promise<Fault[]> {
    const networks = networksOf(all).map(({ address, length }) => `${address}/${length}`);
    const tunnel = { interfaceName, listenPort, networks };
    const faults: Fault[] = [];
    const listings = new Map<string, string>();
    for (const base of parseBaseChains(await runTool('nft', ['list', 'chains']))) {
      const table = `${base.family} ${base.table}`;
      if (table === `inet ${tableName(interfaceName)}`) continue;
      let listing = listings.get(table);
      if (listing === undefined) {
        listing = await runTool('nft', ['--terse', 'list', 'table', base.family, base.table]);
        listings.set(table, listing);
      }
      const why = whyDropped(base, listing, tunnel);
      if (why === undefined) continue;
      faults.push(
        base.hook === 'forward'
          ? { code: 'forward_dropped', detail: `Packets of devices are not forwarded: ${why}.` }
          : { code: 'port_blocked', detail: `UDP port ${listenPort} is closed: ${why}.` },
      );
    }
    return faults;
  }

  async function connections(): Promise<Fault[]> {
    const folder = '/proc/sys/net/netfilter/nf_conntrack_';
    const [count, most] = [Number(await read(`${folder}count`)), Number(await read(`${folder}max`))];
    if (!(most > 0 && count >= most * FULL_SHARE)) return [];
    return [
      {
        code: 'connections_full',
        detail: `The host tracks ${count} connections of at most ${most}: new ones are about to be refused.`,
      },
    ];
  }

  return async (): Promise<Fault[]> => {
    const all = prefixes();
    uplinks.clear();
    const ofWays = await ways(all);
    const links = Links.parse(JSON.parse(await runTool('ip', ['-json', 'address', 'show'])));
    return [
      ...(await sourceChecks()),
      ...ofWays,
      ...(await routesIn(all)),
      ...addressesTaken(all, links),
      ...queues(links),
      ...(await filters(all)),
      ...(await connections()),
    ];
  };
}

/** A single address is no network for devices. */
function isNetwork({ family, length }: Prefix): boolean {
  return length < (family === 4 ? 31 : 127);
}

/** Undefined if the switch does not exist, as on a host without IPv6. */
async function read(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
