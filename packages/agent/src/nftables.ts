import type { Prefix } from './prefix.ts';

export interface TrafficPolicy {
  readonly interfaceName: string;
  /** The interface's own addresses, with the length of the network that devices have their addresses from. */
  readonly own: readonly Prefix[];
  /** The networks that packets from the tunnel may come from. */
  readonly networks: readonly Prefix[];
  /** Lets devices reach private networks behind the VPN server. */
  readonly allowPrivate: boolean;
}

/**
 * Where no device may go: private, local, multicast and reserved networks, and what a cloud answers its own machines
 * on. Documentation networks are left out: nobody has them, and tests play the internet with them.
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
    '192.168.0.0/16',
    '198.18.0.0/15',
    '224.0.0.0/3',
  ],
  6: [
    '::/8', // unspecified, loopback, and IPv4 addresses inside IPv6 ones
    '64:ff9b:1::/48', // a network's own translation to IPv4
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
 * The rules of one interface as text for `nft -f`: a table of their own, replaced in one transaction. They match the
 * interface by name, so they hold for one that is made anew before the agent is back.
 *
 * Into the tunnel goes only what answers a connection that a device began: not even one that is older than the rules.
 *
 * An `accept` ends this table only: what another table drops stays dropped. What this one drops, no other can let in.
 */
export function renderRuleset(policy: TrafficPolicy): string {
  const table = `table inet ${tableName(policy.interfaceName)}`;
  const tunnel = `"${policy.interfaceName}"`;
  return `${table}
delete ${table}
${table} {
  ${renderSet('own4', 4, policy.own.map(hostOnly))}
  ${renderSet('own6', 6, policy.own.map(hostOnly))}
  ${renderSet('tunnel4', 4, policy.networks)}
  ${renderSet('tunnel6', 6, policy.networks)}
  set pinging4 { type ipv4_addr; flags dynamic; size 65536; timeout 10s; }
  set pinging6 { type ipv6_addr; flags dynamic; size 65536; timeout 10s; }

  chain spoofed {
    ip saddr != @tunnel4 drop
    ip6 saddr != @tunnel6 drop
  }

  chain input {
    type filter hook input priority filter; policy accept;
    iifname ${tunnel} jump to_vpn_server
  }
  chain to_vpn_server {
    jump spoofed
    ip daddr @own4 icmp type echo-request add @pinging4 { ip saddr limit rate 10/second burst 20 packets } accept
    ip6 daddr @own6 icmpv6 type echo-request add @pinging6 { ip6 saddr limit rate 10/second burst 20 packets } accept
    drop
  }

  chain forward {
    type filter hook forward priority filter; policy accept;
    oifname ${tunnel} jump into_tunnel
    iifname ${tunnel} jump out_of_tunnel
  }
  chain into_tunnel {
    iifname ${tunnel} drop
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
}
`;
}

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
