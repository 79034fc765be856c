/** A fault planted on a VPN server's host. The agent repairs it and reports it under this code. */
export interface HostFault {
  readonly what: string;
  readonly code: string;
  /** Run as root on the host. */
  command(host: FaultyHost): readonly string[];
}

interface FaultyHost {
  readonly poolCidr: string;
  /** A device's tunnel address. */
  readonly deviceAddress: string;
}

const TABLE = ['inet', 'cvault_wg0'];
const fault = (what: string, code: string, ...command: string[]): HostFault => ({
  what,
  code,
  command: () => command,
});
const nft = (what: string, code: string, ...words: string[]) => fault(what, code, 'nft', ...words);
const sysctl = (what: string, code: string, setting: string) =>
  fault(what, code, 'sysctl', '-qw', `net.${setting}`);

const CHANGE_RULE =
  'ip rule delete priority 3 && ip rule add priority 3 to 10.71.0.5 fwmark 0/0x20000000 blackhole';
/** As a script for several uplinks would do. */
const FLUSH_RULES =
  'ip rule flush && ip rule add priority 32766 lookup main && ip rule add priority 32767 lookup default';
const LOCAL_FIRST =
  'ip rule add priority 9 lookup local && ip rule delete priority 0 lookup local && ' +
  'ip rule delete priority 0 iif wg0 && ip rule add priority 0 lookup local && ip rule delete priority 9 && ' +
  'ip rule add priority 0 iif wg0 fwmark 0/0x20000000 blackhole';

export const HOST_FAULTS: readonly HostFault[] = [
  nft('the whole ruleset flushed', 'traffic_rules_removed', 'flush', 'ruleset'),
  sysctl('forwarding turned off', 'forwarding_off', 'ipv4.ip_forward=0'),
  fault('the interface taken down', 'link_down', 'ip', 'link', 'set', 'wg0', 'down'),
  fault('its addresses removed', 'address_removed', 'ip', 'address', 'flush', 'dev', 'wg0'),
  nft('the agent’s table deleted', 'traffic_rules_removed', 'delete', 'table', ...TABLE),
  nft('a chain emptied', 'traffic_rules_changed', 'flush', 'chain', ...TABLE, 'forward'),
  nft(
    'the walls between devices taken down',
    'traffic_rules_changed',
    ...['flush', 'chain', ...TABLE, 'between_devices'],
  ),
  nft('address translation taken away', 'traffic_rules_changed', 'flush', 'chain', ...TABLE, 'postrouting'),
  nft('a chain’s policy changed', 'traffic_rules_changed', 'chain', ...TABLE, 'forward', '{ policy drop ; }'),
  nft(
    'a chain added',
    'traffic_rules_changed',
    ...['add', 'chain', ...TABLE, 'mine', '{ type filter hook forward priority -300 ; policy drop ; }'],
  ),
  nft(
    'the tunnel’s networks taken from their set',
    'traffic_rules_changed',
    ...['flush', 'set', ...TABLE, 'tunnel4'],
  ),
  nft('the counters flushed', 'traffic_policies_changed', 'flush', 'set', ...TABLE, 'received4'),
  fault(
    'the routing rules taken away',
    'routing_rules_removed',
    ...['ip', 'rule', 'delete', 'iif', 'wg0', 'fwmark', '0/0x20000000', 'blackhole'],
  ),
  fault('one routing rule changed', 'routing_rules_removed', 'sh', '-c', CHANGE_RULE),
  fault('all routing rules flushed', 'routing_rules_removed', 'sh', '-c', FLUSH_RULES),
  fault('the local table put first again', 'routing_rules_removed', 'sh', '-c', LOCAL_FIRST),
  sysctl('sources checked strictly', 'source_check_strict', 'ipv4.conf.all.rp_filter=1'),
  sysctl('IPv6 forwarding turned off', 'forwarding_off_ipv6', 'ipv6.conf.all.forwarding=0'),
  sysctl('forwarding of the tunnel turned off', 'interface_forwarding_off', 'ipv4.conf.wg0.forwarding=0'),
  sysctl('forwarding of the uplink turned off', 'interface_forwarding_off', 'ipv4.conf.uplink.forwarding=0'),
  {
    what: 'a device’s address given to it',
    code: 'address_added',
    command: ({ deviceAddress }) => ['ip', 'address', 'add', `${deviceAddress}/32`, 'dev', 'wg0'],
  },
  fault('its MTU changed', 'mtu_changed', 'ip', 'link', 'set', 'wg0', 'mtu', '1281'),
  {
    what: 'the route of the pool removed',
    code: 'route_removed',
    command: ({ poolCidr }) => ['ip', 'route', 'delete', poolCidr],
  },
  fault('its port changed', 'listen_port_changed', 'wg', 'set', 'wg0', 'listen-port', '4711'),
  fault('its mark changed', 'fwmark_changed', 'wg', 'set', 'wg0', 'fwmark', '0x77'),
  fault('the agent’s socket removed', 'socket_removed', 'rm', '/run/cvault/wg0.sock'),
  fault(
    'the interface renamed',
    'interface_renamed',
    ...['sh', '-c', 'ip link set wg0 down && ip link set wg0 name mine0 && ip link set mine0 up'],
  ),
];
