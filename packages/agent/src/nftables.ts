import { ADMITTED } from './admission-rules.ts';
import { renderShareRules, renderShareSets } from './connection-share.ts';
import type { Prefix } from './prefix.ts';

export interface TrafficPolicy {
  readonly interfaceName: string;
  /** The interface's own addresses, with the length of the devices' network. */
  readonly own: readonly Prefix[];
  /** The networks that packets from the tunnel may come from. */
  readonly networks: readonly Prefix[];
  /** Lets devices reach private networks behind the VPN server. */
  readonly allowPrivate: boolean;
  /** Names the counters of a new table; undefined to keep the existing table. */
  readonly newLife: string | undefined;
}

/**
 * Networks closed to devices: private, local, multicast and reserved networks, and those where a cloud serves its
 * own machines. Documentation networks are left out: nobody has them, and tests use them as the internet.
 */
const INNER_NETWORKS: Readonly<Record<4 | 6, readonly string[]>> = {
  4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '168.63.129.16/32', // the machine's own services on Azure
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.88.99.0/24', // relays into 6to4
    '192.168.0.0/16',
    '198.18.0.0/15',
    '224.0.0.0/3',
  ],
  6: [
    '::/8', // unspecified, loopback, IPv4 addresses inside IPv6 ones, and all translation to IPv4
    '64:ff9b::/96', // translation to IPv4, to inner addresses as well
    '100::/64', // discarded
    '2001::/23', // protocols' own: IPv4 addresses inside Teredo's, benchmarks, identifiers
    '2002::/16', // IPv4 addresses inside 6to4's
    '5f00::/16', // segments of a network's own routing
    'fc00::/7',
    'fe80::/10',
    'fec0::/10',
    'ff00::/8',
  ],
};

export function tableName(interfaceName: string): string {
  return `cvault_${interfaceName}`;
}

/**
 * The sets for single devices and their counts. They are created once and never replaced with the rules. A name
 * with another number shows an agent that the sets are not these, and it creates the table anew.
 */
function renderDeviceSets(table: string, life: string): string {
  const both = (render: (family: 4 | 6) => string) => `${render(4)}\n  ${render(6)}`;
  return `${table}
delete ${table}
${table} {
  counter life1_${life} { }
  ${both((family) => `set received${family} { type ipv${family}_addr; size 1048576; flags dynamic; counter; }`)}
  ${both((family) => `set sent${family} { type ipv${family}_addr; size 1048576; flags dynamic; counter; }`)}
  set retained { type ipv6_addr; counter; }
  ${both((family) => `map left${family} { type ipv${family}_addr : ipv6_addr; }`)}
  ${both((family) => `map upload${family} { type ipv${family}_addr : limit; }`)}
  ${both((family) => `map download${family} { type ipv${family}_addr : limit; }`)}
  ${both((family) => `map data${family} { type ipv${family}_addr : quota; }`)}
  ${both((family) => `map network${family} { type ipv${family}_addr : mark; }`)}
  ${both((family) => `set member${family} { type ipv${family}_addr . mark; }`)}
}
`;
}

/**
 * The rules of one interface as text for `nft -f`: a table of their own, whose rules are replaced in one transaction. They
 * match the interface by name, so they hold for one that is made anew before the agent is back.
 *
 * Into the tunnel goes only what answers a connection that a device began: not even one that is older than the rules.
 * Between devices goes only what stays in one network.
 *
 * All of that is decided twice: before routing, where `admission` marks what may pass and the kernel's routing rules stop the
 * rest (see admission-rules.ts), and when it is forwarded. So no chain, rule or element that is missing lets anything through.
 *
 * An interface that was renamed still carries packets. They are known by their addresses, and they have no mark.
 *
 * An `accept` ends this table only: what another table drops stays dropped. What this one drops, no other can let in.
 *
 * Limits and counters come after all that may drop a packet (filters sit at priorities around 0), so that only what passes
 * is counted, and before its address is translated.
 */
export function renderRuleset(policy: TrafficPolicy): string {
  const table = `table inet ${tableName(policy.interfaceName)}`;
  const tunnel = `"${policy.interfaceName}"`;
  return `${policy.newLife === undefined ? '' : renderDeviceSets(table, policy.newLife)}
${table} {
  ${renderSet('own4', 4, [])}
  ${renderSet('own6', 6, [])}
  ${renderSet('tunnel4', 4, [])}
  ${renderSet('tunnel6', 6, [])}
  set pinging4 { type ipv4_addr; flags dynamic; size 65536; timeout 10s; }
  set pinging6 { type ipv6_addr; flags dynamic; size 65536; timeout 10s; }
  map wider4 { type ipv4_addr : quota; }
  map wider6 { type ipv6_addr : quota; }
  ${renderShareSets()}
}
flush ${table}
${['own4', 'own6', 'tunnel4', 'tunnel6'].map((set) => `flush set ${table.slice('table '.length)} ${set}`).join('\n')}
${table} {
  ${renderSet('own4', 4, policy.own.map(hostOnly))}
  ${renderSet('own6', 6, policy.own.map(hostOnly))}
  ${renderSet('tunnel4', 4, policy.networks)}
  ${renderSet('tunnel6', 6, policy.networks)}

  chain spoofed {
    ip saddr != @tunnel4 drop
    ip6 saddr != @tunnel6 drop
  }

  chain admission {
    type filter hook prerouting priority dstnat + 10; policy accept;
    iifname ${tunnel} goto from_tunnel
    ip daddr @tunnel4 ct state { established, related } ct direction reply goto admit
    ip6 daddr @tunnel6 ct state { established, related } ct direction reply goto admit
  }
  chain from_tunnel {
    ip saddr != @tunnel4 accept
    ip6 saddr != @tunnel6 accept
    ip daddr @own4 icmp type echo-request goto admit
    ip6 daddr @own6 icmpv6 type echo-request goto admit
    ip daddr @tunnel4 goto to_device
    ip6 daddr @tunnel6 goto to_device
    ${policy.allowPrivate ? '' : `ip daddr { ${INNER_NETWORKS[4].join(', ')} } accept`}
    ${policy.allowPrivate ? '' : `ip6 daddr { ${INNER_NETWORKS[6].join(', ')} } accept`}
    ct state != established fib daddr type local accept
    goto admit
  }
  chain to_device {
    ${sameNetwork('goto admit')}
    meta mark set 0
  }
  chain admit {
    meta mark set meta mark | ${hex(ADMITTED)}
  }

  chain input {
    type filter hook input priority filter; policy accept;
    iifname ${tunnel} jump to_vpn_server
    iifname != "lo" meta mark & ${hex(ADMITTED)} == 0 jump not_admitted
  }
  chain not_admitted {
    ip saddr @tunnel4 drop
    ip6 saddr @tunnel6 drop
  }
  chain to_vpn_server {
    jump spoofed
    ip daddr @own4 icmp type echo-request add @pinging4 { ip saddr limit rate 10/second burst 20 packets } accept
    ip6 daddr @own6 icmpv6 type echo-request add @pinging6 { ip6 saddr limit rate 10/second burst 20 packets } accept
    drop
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${tunnel} oifname ${tunnel} jump between_devices
    oifname ${tunnel} jump into_tunnel
    iifname ${tunnel} jump out_of_tunnel
  }
  chain between_devices {
    jump spoofed
    ct state invalid drop
    ${sameNetwork('goto in_network')}
    drop
  }
  chain in_network {
    meta mark set 0
    accept
  }
  chain into_tunnel {
    ct state != { established, related } drop
    ct direction original drop
    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  }
  chain out_of_tunnel {
    jump spoofed
    ct state invalid drop
    ${policy.allowPrivate ? '' : `ip daddr { ${INNER_NETWORKS[4].join(', ')} } drop`}
    ${policy.allowPrivate ? '' : `ip6 daddr { ${INNER_NETWORKS[6].join(', ')} } drop`}
    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu
  }

  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @tunnel4 oifname != ${tunnel} masquerade
    ip6 saddr @tunnel6 oifname != ${tunnel} masquerade
  }

  chain passing {
    type filter hook forward priority 200; policy accept;
    ${takeMarkOff}
    jump sharing
    jump limited
    jump counted
  }
  chain arriving {
    type filter hook input priority 200; policy accept;
    ${takeMarkOff}
    jump sharing
    jump limited
    jump counted
  }
  chain leaving {
    type filter hook output priority 200; policy accept;
    jump limited
    jump counted
  }
  chain sharing {
    ${renderShareRules(tunnel)}
  }
  chain limited {
    iifname ${tunnel} limit name ip saddr map @upload4 drop
    iifname ${tunnel} limit name ip6 saddr map @upload6 drop
    oifname ${tunnel} limit name ip daddr map @download4 drop
    oifname ${tunnel} limit name ip6 daddr map @download6 drop
    iifname ${tunnel} quota name ip saddr map @data4 drop
    iifname ${tunnel} quota name ip6 saddr map @data6 drop
    oifname ${tunnel} quota name ip daddr map @data4 drop
    oifname ${tunnel} quota name ip6 daddr map @data6 drop
    iifname ${tunnel} quota name ip saddr map @wider4 drop
    iifname ${tunnel} quota name ip6 saddr map @wider6 drop
    oifname ${tunnel} quota name ip daddr map @wider4 drop
    oifname ${tunnel} quota name ip6 daddr map @wider6 drop
  }
  chain counted {
    iifname ${tunnel} update @received4 { ip saddr }
    iifname ${tunnel} update @received6 { ip6 saddr }
    oifname ${tunnel} update @sent4 { ip daddr }
    oifname ${tunnel} update @sent6 { ip6 daddr }
  }
}
`;
}

/** Does it where a packet goes from one device to another of the same network. Takes the packet's mark for itself. */
const sameNetwork = (verdict: string) => `meta mark set 0
    meta mark set ip saddr map @network4
    meta mark set ip6 saddr map @network6
    ip daddr . meta mark @member4 ${verdict}
    ip6 daddr . meta mark @member6 ${verdict}`;

const hex = (number: number) => `0x${number.toString(16)}`;

const takeMarkOff = `meta mark & ${hex(ADMITTED)} == ${hex(ADMITTED)} meta mark set meta mark & ${hex(0xffff_ffff - ADMITTED)}`;

function renderSet(name: string, family: 4 | 6, prefixes: readonly Prefix[]): string {
  const elements = prefixes
    .filter((prefix) => prefix.family === family)
    .map(({ address, length }) => `${address}/${length}`)
    .join(', ');
  const list = elements === '' ? '' : ` elements = { ${elements} };`;
  return `set ${name} { type ipv${family}_addr; flags interval; auto-merge;${list} }`;
}

function hostOnly(prefix: Prefix): Prefix {
  return { ...prefix, length: prefix.family === 4 ? 32 : 128 };
}
