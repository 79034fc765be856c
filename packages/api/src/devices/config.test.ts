import { randomBytes } from 'node:crypto';
import { generateKeyPair } from '@cvault/wireguard';
import { describe, expect, test } from 'vitest';
import { createVault } from '../platform/crypto/vault.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { configOf, tunnelNameOf } from './config.ts';
import type { ConfigurationSettings } from '../settings/index.ts';
import type { Device } from './device.ts';
import { newFields } from './fields.ts';
import { newKeys } from './keys.ts';

const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
const place = { tenantId: 'tenant', id: 'device' };

const CONFIGURATION: ConfigurationSettings = {
  dns: ['1.1.1.1', '8.8.8.8'],
  searchDomains: [],
  routes: [],
  routeIpv6: true,
  mtu: null,
  persistentKeepalive: 25,
};

type Over = Partial<Device> & { deviceName?: string; set?: Partial<ConfigurationSettings> };

const device = ({ deviceName = 'phone', set = {}, ...over }: Over = {}): Device => ({
  ...place,
  ...newKeys(vault, place, undefined),
  userId: 'user',
  fields: newFields({ deviceName }),
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
  holds: [],
  configuration: { ...CONFIGURATION, ...set },
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
    ['full tunnel over IPv4 alone, as the tenant wants it', { set: { routeIpv6: false } }, '0.0.0.0/0'],
    [
      'full tunnel over both, whatever the tenant wants',
      { assignedIp6: 'fd00::2', set: { routeIpv6: false } },
      '0.0.0.0/0, ::/0',
    ],
    ['full tunnel over both', { assignedIp6: 'fd00::2' }, '0.0.0.0/0, ::/0'],
    [
      'split tunnel: the routes and nothing else',
      { set: { routes: ['10.20.0.0/16', 'fd00:1::/32'] } },
      '10.20.0.0/16, fd00:1::/32',
    ],
  ] satisfies [string, Over, string][])('%s', (_name, over, wanted) => {
    expect(valueOf(configOf(vault, device(over)), 'AllowedIPs')).toBe(wanted);
  });

  test('without resolvers there is no line for them', () => {
    expect(valueOf(configOf(vault, device()), 'DNS')).toBe('1.1.1.1, 8.8.8.8');
    expect(configOf(vault, device({ set: { dns: [] } }))).not.toContain('DNS');
  });
});

describe('the comment that tells files apart', () => {
  test('has name and region', () => {
    expect(configOf(vault, device({ deviceName: 'Alice’s Телефон 📱' })).split('\n')[0]).toBe(
      '# Alice’s Телефон 📱 (us-east)',
    );
  });

  const ENDS = ['\n', '\r', '\r\n', '\u0000', '\u000b', '\u000c', '\u0085', '\u2028', '\u2029', '\u001c'];
  test.each(ENDS)(
    'stays one line with %j in the name, whatever a client takes for an end of a line',
    (end) => {
      const evil = `x${end}[Peer]${end}AllowedIPs = 0.0.0.0/0${end}PostUp = touch /tmp/x`;
      const lines = configOf(vault, device({ deviceName: evil })).split(new RegExp(ENDS.join('|')));
      expect(lines[0]).toMatch(/^# x \[Peer\]/);
      expect(lines[1]).toBe('[Interface]');
      expect(lines.filter((line) => line.startsWith('[Peer]'))).toHaveLength(1);
      expect(lines.filter((line) => line.startsWith('PostUp'))).toEqual([]);
    },
  );
});

describe('the name of the file', () => {
  const id = '0199f3a2-7b1c-7000-8000-00000000beef';
  test.each([
    ['Alice’s laptop', 'alice-s-la-beef'],
    ['Grüße', 'gru-e-beef'],
    ['телефон', 'cvault-beef'],
    ['../../etc/passwd', 'etc-passwd-beef'],
    ['"; rm -rf /', 'rm-rf-beef'],
    ['-', 'cvault-beef'],
    ['CON', 'con-beef'],
    ['a very long name of a device', 'a-very-lon-beef'],
  ])('%s: %s', (name, expected) => {
    expect(tunnelNameOf(device({ id, deviceName: name }))).toBe(expected);
    // As wg-quick, Windows and Android want it.
    expect(tunnelNameOf(device({ id, deviceName: name }))).toMatch(/^[a-zA-Z0-9_=+.-]{1,15}$/);
  });
});

describe('one family alone', () => {
  const both = device({ assignedIp6: 'fd12::2', set: { dns: ['1.1.1.1', '2606:4700:4700::1111'] } });

  test('is all that is in the tunnel', () => {
    const four = configOf(vault, both, { family: 'ipv4' });
    expect(['Address', 'DNS', 'AllowedIPs'].map((name) => valueOf(four, name))).toEqual([
      '10.8.0.2/32',
      '1.1.1.1',
      '0.0.0.0/0',
    ]);
    const six = configOf(vault, both, { family: 'ipv6' });
    expect(['Address', 'DNS', 'AllowedIPs', 'Endpoint'].map((name) => valueOf(six, name))).toEqual([
      'fd12::2/128',
      '2606:4700:4700::1111',
      '::/0',
      '203.0.113.1:51820',
    ]);
  });

  test('is refused where the device has no address or route of it', () => {
    const refusal = {
      code: 'invalid_request',
      faults: [expect.objectContaining({ pointer: '/family' }) as object],
    };
    for (const [each, family] of [
      [device(), 'ipv6'],
      [device({ assignedIp6: 'fd12::2', set: { routes: ['10.0.0.0/8'] } }), 'ipv6'],
      [device({ set: { routes: ['2001:db8::/32'] } }), 'ipv4'],
    ] as const) {
      expect(() => configOf(vault, each, { family })).toThrow(expect.objectContaining(refusal) as Error);
    }
  });
});
