import { randomBytes } from 'node:crypto';
import { generateKeyPair } from '@cvault/wireguard';
import { describe, expect, test } from 'vitest';
import { createVault } from '../keys/vault.ts';
import { Secret } from '../secret.ts';
import { configOf } from './config.ts';
import type { Device } from './device.ts';
import { newKeys } from './keys.ts';

const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
const place = { tenantId: 'tenant', id: 'device' };

const device = (over: Partial<Device> = {}): Device => ({
  ...place,
  ...newKeys(vault, place, undefined),
  userId: 'user',
  name: 'phone',
  state: 'live',
  generation: 1,
  appliedGeneration: 1,
  appliedEpoch: 'e',
  failure: null,
  privateKeyOnce: false,
  privateKeyErased: false,
  replacesKey: null,
  overlapUntil: null,
  keyChangedAt: new Date(0),
  keyExpiresAt: null,
  assignedIp: '10.8.0.2',
  assignedIp6: null,
  expiresAt: null,
  holds: [],
  dns: ['1.1.1.1', '8.8.8.8'],
  ownDns: null,
  routes: [],
  ownRoutes: null,
  routeIpv6: true,
  network: null,
  limits: { uploadBitsPerSecond: null, downloadBitsPerSecond: null, data: false },
  lastConnectedAt: null,
  createdAt: new Date(0),
  placement: {
    serverId: 'server',
    serverName: 'US-East-Primary',
    region: 'us-east',
    endpointHost: '203.0.113.1',
    endpointPort: 51820,
    endpointHost6: null,
    serverPublicKey: generateKeyPair().publicKey,
    serverEpoch: 'e',
    serverAway: false,
  },
  ...over,
});

function valueOf(config: string, name: string): string | undefined {
  return config
    .split('\n')
    .find((line) => line.startsWith(`${name} = `))
    ?.slice(name.length + 3);
}

describe('keys', () => {
  test('a preshared key of the device’s own, other ones for each', () => {
    const texts = [device(), device()].map((each) => valueOf(configOf(vault, each), 'PresharedKey'));
    expect(texts[0]).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(texts[0]).not.toBe(texts[1]);
  });

  test('a device from before preshared keys has no line for one', () => {
    expect(configOf(vault, device({ sealedPresharedKey: null }))).not.toContain('PresharedKey');
  });

  test('a preshared key that was sealed for another device or as a private key is not opened', () => {
    const other = newKeys(vault, { ...place, id: 'another' }, undefined).sealedPresharedKey;
    expect(() => configOf(vault, device({ sealedPresharedKey: other }))).toThrow('cannot be decrypted');
    const { sealedPrivateKey } = device();
    expect(() => configOf(vault, device({ sealedPresharedKey: sealedPrivateKey }))).toThrow(
      'cannot be decrypted',
    );
  });
});

describe('routes and resolvers', () => {
  test.each([
    ['full tunnel where the VPN server has no IPv6: IPv6 must not leak past it', {}, '0.0.0.0/0, ::/0'],
    ['full tunnel over IPv4 alone, as the tenant wants it', { routeIpv6: false }, '0.0.0.0/0'],
    [
      'full tunnel over both, whatever the tenant wants',
      { assignedIp6: 'fd00::2', routeIpv6: false },
      '0.0.0.0/0, ::/0',
    ],
    ['full tunnel over both', { assignedIp6: 'fd00::2' }, '0.0.0.0/0, ::/0'],
    [
      'split tunnel: the routes and nothing else',
      { routes: ['10.20.0.0/16', 'fd00:1::/32'] },
      '10.20.0.0/16, fd00:1::/32',
    ],
  ] as const)('%s', (_name, over, wanted) => {
    expect(valueOf(configOf(vault, device(over)), 'AllowedIPs')).toBe(wanted);
  });

  test('without resolvers there is no line for them', () => {
    expect(valueOf(configOf(vault, device()), 'DNS')).toBe('1.1.1.1, 8.8.8.8');
    expect(configOf(vault, device({ dns: [] }))).not.toContain('DNS');
  });
});
