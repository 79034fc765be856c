import { describe, expect, test } from 'vitest';
import { parseBaseChains, whyDropped, type BaseChain, type Tunnel } from './foreign-filters.ts';

const tunnel: Tunnel = { interfaceName: 'wg0', listenPort: 51820, networks: ['10.8.0.0/24', 'fd00:8::/64'] };
const chains = (family: string, name: string, ...bodies: string[]) =>
  `table ${family} ${name} {\n${bodies.join('\n')}\n}\n`;
const chain = (name: string, ...lines: string[]) =>
  `\tchain ${name} {\n${lines.map((line) => `\t\t${line}`).join('\n')}\n\t}`;
const base = (hook: 'input' | 'forward', drops: boolean): BaseChain => ({
  ...{ family: 'ip', table: 'filter', hook, drops },
  chain: hook.toUpperCase(),
});
const header = (hook: string, policy: string) =>
  `type filter hook ${hook} priority filter; policy ${policy};`;
const why = (hook: 'input' | 'forward', policy: 'drop' | 'accept', ...rules: string[]) =>
  whyDropped(
    base(hook, policy === 'drop'),
    chains('ip', 'filter', chain(hook.toUpperCase(), header(hook, policy), ...rules)),
    tunnel,
  );

test('base chains at the hooks of forwarded and arriving packets are found, and no others', () => {
  const listing =
    chains(
      'ip',
      'filter',
      chain('INPUT', header('input', 'accept')),
      chain('FORWARD', header('forward', 'drop')),
    ) +
    chains('inet', 'nat', chain('post', 'type nat hook postrouting priority srcnat; policy accept;')) +
    chains('bridge', 'b', chain('f', header('forward', 'drop')));
  expect(parseBaseChains(listing)).toEqual([
    { family: 'ip', table: 'filter', chain: 'INPUT', hook: 'input', drops: false },
    { family: 'ip', table: 'filter', chain: 'FORWARD', hook: 'forward', drops: true },
  ]);
});

describe('keeps the packets', () => {
  test.each([
    ['forward', 'drop', []],
    // As Docker leaves it.
    [
      'forward',
      'drop',
      ['counter packets 9 bytes 9 jump DOCKER-USER', 'oifname "docker0" ct state related,established accept'],
    ],
    ['forward', 'drop', ['ct state established,related accept', 'iifname "eth1" accept']],
    ['forward', 'accept', ['iifname "wg0" counter packets 1 bytes 2 drop']],
    ['forward', 'accept', ['ip saddr 10.8.0.0/24 reject with icmp type port-unreachable']],
    ['forward', 'accept', ['drop']],
    [
      'input',
      'drop',
      [
        'iifname "lo" accept',
        'ct state established accept',
        'tcp dport 22 accept',
        'icmp type echo-request accept',
      ],
    ],
    ['input', 'accept', ['udp dport 51820 drop']],
    ['input', 'drop', ['udp dport { 53, 123 } accept']],
  ] as const)('%s, policy %s: %j', (hook, policy, rules) => {
    expect(why(hook, policy, ...rules)).toBeDefined();
  });
});

describe('lets them pass, or does not tell', () => {
  test.each([
    ['forward', 'accept', []],
    ['forward', 'drop', ['iifname "wg0" accept', 'oifname "wg0" ct state related,established accept']],
    ['forward', 'drop', ['iifname "wg*" accept']],
    ['forward', 'drop', ['ip saddr 10.8.0.0/24 accept']],
    ['forward', 'drop', ['counter packets 1 bytes 1 accept']],
    ['forward', 'accept', ['iifname "wg0" tcp dport 25 drop']],
    ['forward', 'accept', ['iifname "wg0" accept', 'drop']],
    ['input', 'drop', ['udp dport 51820 accept']],
    ['input', 'drop', ['meta l4proto udp udp dport 51820 counter packets 0 bytes 0 accept']],
    ['input', 'drop', ['udp dport { 443, 51000-52000 } accept']],
    ['input', 'drop', ['iifname "eth0" accept']],
    ['input', 'drop', ['ip saddr 0.0.0.0/0 accept']],
    ['input', 'accept', ['tcp dport 51820 drop']],
  ] as const)('%s, policy %s: %j', (hook, policy, rules) => {
    expect(why(hook, policy, ...rules)).toBeUndefined();
  });
});
