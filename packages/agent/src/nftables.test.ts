import { expect, test } from 'vitest';
import { renderRuleset } from './nftables.ts';
import { parsePrefix } from './prefix.ts';

function prefix(text: string) {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`${text} is no prefix`);
  return parsed;
}

test('a tunnel without IPv6 lets no IPv6 packet through', () => {
  const own = [prefix('10.8.0.1/24')];
  const text = renderRuleset({
    interfaceName: 'wg0',
    own,
    networks: own,
    allowPrivate: false,
    newLife: undefined,
  });
  expect(text).toContain(
    'set tunnel4 { type ipv4_addr; flags interval; auto-merge; elements = { 10.8.0.1/24 }; }',
  );
  expect(text).toContain('set tunnel6 { type ipv6_addr; flags interval; auto-merge; }');
  expect(text).toContain('ip6 saddr != @tunnel6 drop');
});

test('private networks are open only where the policy says so', () => {
  const own = [prefix('10.8.0.1/24')];
  const policy = { interfaceName: 'wg0', own, networks: own, newLife: undefined };
  expect(renderRuleset({ ...policy, allowPrivate: false })).toContain('192.168.0.0/16');
  const open = renderRuleset({ ...policy, allowPrivate: true });
  expect(open).not.toContain('192.168.0.0/16');
  expect(open).toContain('iifname "wg0" oifname "wg0" jump between_devices');
});

test.each(['64:ff9b::/96', '2002::/16', '2001::/23', '192.88.99.0/24', '::/8'])(
  'what carries an IPv4 address in another one is an inner network: %s',
  (network) => {
    const own = [prefix('10.8.0.1/24')];
    const policy = { interfaceName: 'wg0', own, networks: own, allowPrivate: false, newLife: undefined };
    expect(renderRuleset(policy)).toMatch(new RegExp(`daddr \\{[^}]* ${network}[,} ]`));
  },
);

test.each([
  '10.8.0.1',
  '10.8.0.1/33',
  '10.8.0.1/024',
  '010.8.0.1/24',
  'fd00::/129',
  '::ffff:1.2.3.4%x/96',
  '}/0',
])('%j is no prefix', (text) => {
  expect(parsePrefix(text)).toBeUndefined();
});
