import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { installAdmissionRules, lookForAdmissionRules } from './admission-rules.ts';
import { networkOf } from './network-address.ts';
import { parsePrefix } from './prefix.ts';
import { createNetworkLab, whyNoNetworkLab, type Namespace, type NetworkLab } from './testing/index.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();
const networks = ['10.8.0.1/24', 'fd00:8::1/64', '10.9.0.7/32'].map((text) => networkOf(parsePrefix(text)!));

describe.skipIf(missing !== undefined)('routing rules that stop unfiltered packets', () => {
  let lab: NetworkLab;
  let host: Namespace;

  let hosts = 0;

  beforeAll(async () => {
    lab = await createNetworkLab();
  });
  beforeEach(async () => {
    host = await lab.namespace(`host${hosts++}`);
    await installAdmissionRules(host.run, 'wg0', networks);
  });
  afterAll(() => lab.destroy());

  const look = () => lookForAdmissionRules(host.run, 'wg0', networks);
  const addRule = (words: string) =>
    host.run('ip', [words.includes(':') ? '-6' : '-4', 'rule', 'add', ...words.split(' ')]);

  test('are in place after installation, and the local table is still the kernel’s first', async () => {
    expect(await look()).toEqual([]);
    for (const family of ['-4', '-6']) {
      const places = (await host.run('ip', [family, 'rule', 'show'])).split('\n');
      expect(places[0]).toMatch(/^0:.* iif wg0 .*blackhole$/);
      expect(places[1]).toMatch(/^0:\tfrom all lookup local$/);
    }
  });

  test.each([
    ['priority 0 from all lookup main', 'routing_rule_ahead'],
    ['priority 2 from 10.8.0.0/24 lookup 99', 'routing_rule_ahead'],
    ['priority 1 from all iif eth0 lookup 99', 'routing_rule_ahead'],
    ['priority 1 from all goto 32766', 'routing_rule_ahead'],
    ['priority 2 from fd00:8::/64 lookup main', 'routing_rule_ahead_ipv6'],
    ['priority 100 from 10.8.0.9 blackhole', 'routing_rule_stops'],
    ['priority 100 from all to 10.8.0.0/25 unreachable', 'routing_rule_stops'],
    ['priority 100 from fd00:8::9 prohibit', 'routing_rule_stops_ipv6'],
  ])('somebody else’s is told: %s', async (words, code) => {
    await addRule(words);
    expect((await look()).map((fault) => fault.code)).toEqual([code]);
  });

  test('a local table that somebody moved further back, as for VRFs, stays there', async () => {
    await host.run('ip', ['rule', 'add', 'priority', '32765', 'lookup', 'local']);
    await host.run('ip', ['rule', 'delete', 'priority', '0', 'lookup', 'local']);
    expect(await look()).toEqual([]);
  });

  test.each([
    'priority 100 from all lookup main',
    'priority 100 from 10.8.0.0/24 lookup 99',
    'priority 100 from all fwmark 0xca6c lookup 51820',
    'priority 1 from all iif lo lookup 99',
    'priority 1 from all oif eth0 lookup 99',
    'priority 100 from 10.8.1.0/24 blackhole',
    'priority 100 from 10.8.0.0/24 iif eth0 blackhole',
    'priority 100 from 10.8.0.0/24 fwmark 0x1 blackhole',
    // TCP by its number: a bare Debian has no /etc/protocols to look its name up in.
    'priority 100 from 10.8.0.0/24 ipproto 6 dport 25 prohibit',
  ])('somebody else’s that can do nothing to them, or that may be meant, is not told: %s', async (words) => {
    await addRule(words);
    expect(await look()).toEqual([]);
  });

  test.each([
    ['one is gone', 'ip rule delete priority 2'],
    ['one has a condition more', 'ip rule delete priority 1; ip rule add priority 1 iif lo fwmark 7 goto 4'],
    ['all are flushed', 'ip rule flush; ip rule add priority 32766 lookup main'],
    ['the local table is gone', 'ip rule delete priority 0 lookup local'],
    [
      'the local table comes first',
      'ip rule delete priority 0; ip rule add priority 0 iif wg0 fwmark 0/0x20000000 blackhole',
    ],
  ])('are put back: %s', async (_what, command) => {
    await host.run('sh', ['-c', command]);
    const found = await look();
    expect(found.map(({ code }) => code)).toEqual(['routing_rules_removed']);
    for (const { mend } of found) await mend?.();
    expect(await look()).toEqual([]);
    expect(await host.run('ip', ['route', 'get', '127.0.0.1'])).toContain('local');
  });
});
