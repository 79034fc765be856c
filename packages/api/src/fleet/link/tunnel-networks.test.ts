import { expect, test } from 'vitest';
import { tunnelNetworks } from './tunnel-networks.ts';

test.each([
  ['10.8.0.2', true],
  ['10.8.0.255', true],
  ['10.8.1.2', false],
  ['10.9.0.14', true],
  ['10.9.0.17', false],
  ['fd00::a08:2', true],
  ['fd00:0:0:1::a08:2', false],
  ['::ffff:10.8.1.2', false],
])('%s is in the tunnel’s networks: %s', (address, is) => {
  expect(tunnelNetworks(['10.8.0.1/24', '10.9.0.9/29', 'fd00::1/64'])(address)).toBe(is);
});

test('without an address of its own the tunnel has no network', () => {
  expect(tunnelNetworks([])('10.8.0.2')).toBe(false);
});
