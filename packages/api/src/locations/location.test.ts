import { expect, test } from 'vitest';
import { type LocatedServer, locationOf } from './location.ts';

const server = (over: Partial<LocatedServer> = {}): LocatedServer => ({
  id: 'id',
  name: 'US-East-Primary',
  region: 'us-east',
  endpointHost: '203.0.113.7',
  hasIpv6: true,
  open: true,
  healthy: true,
  addresses: 100,
  freeAddresses: 100,
  ...over,
});

test.each([
  [{}, 'available', 'low'],
  [{ freeAddresses: 51 }, 'available', 'low'],
  [{ freeAddresses: 50 }, 'available', 'medium'],
  [{ freeAddresses: 20 }, 'available', 'high'],
  [{ freeAddresses: 0 }, 'full', 'high'],
  [{ open: false }, 'unavailable', 'low'],
  [{ healthy: false }, 'unavailable', 'low'],
  [{ healthy: false, freeAddresses: 0 }, 'unavailable', 'high'],
  [{ addresses: 0, freeAddresses: 0 }, 'full', 'high'],
] as const)('%o is %s, its load %s', (over, status, load) => {
  expect(locationOf(server(over))).toMatchObject({ status, load });
});

test('a location has only its declared fields', () => {
  const withMore = { ...server(), sshHost: 'secret.example.com', deviceCount: 3 };
  expect(Object.keys(locationOf(withMore)).sort()).toEqual(
    ['endpointHost', 'hasIpv6', 'id', 'load', 'name', 'region', 'status'].sort(),
  );
});
