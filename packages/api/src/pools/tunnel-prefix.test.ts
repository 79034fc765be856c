import { isIPv6 } from 'node:net';
import { expect, test } from 'vitest';
import { checkTunnelPrefix6, gatewayOfPrefix6, newTunnelPrefix6 } from './tunnel-prefix.ts';

test('a new prefix is a unique local /64 with 40 random bits', () => {
  const made = Array.from({ length: 200 }, newTunnelPrefix6);
  expect(new Set(made).size).toBe(200);
  for (const prefix of made) {
    expect(prefix).toMatch(/^fd[0-9a-f:]+::\/64$/);
    expect(isIPv6(prefix.split('/')[0]!)).toBe(true);
    expect(checkTunnelPrefix6(prefix)).toBe(prefix);
  }
  expect(new Set(made.map((prefix) => prefix.slice(2, 4))).size).toBeGreaterThan(50);
});

test('a prefix has one canonical form, and the VPN server has its first address', () => {
  expect(checkTunnelPrefix6('FD00:0:0:1:0::/64')).toBe('fd00:0:0:1::/64');
  expect(checkTunnelPrefix6('fc00:1:2:3::/64')).toBe('fc00:1:2:3::/64');
  expect(gatewayOfPrefix6('fd00:0:0:1::/64')).toBe('fd00:0:0:1::1/64');
});

test.each([
  'fd00::/63',
  'fd00::/65',
  'fd00::1/64',
  '2001:db8:1:2::/64',
  '64:ff9b::/64',
  'fe80::/64',
  'ff02::/64',
  '::/64',
  '::ffff:10.8.0.0/64',
  '10.8.0.0/24',
  'fd00::',
  '',
])('%s is refused', (text) => {
  expect(() => checkTunnelPrefix6(text)).toThrow(
    expect.objectContaining({ code: 'invalid_request' }) as Error,
  );
});
