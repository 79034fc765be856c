import type { components } from '@cvault/sdk';
import { expect, test } from 'vitest';
import { formerlyAt, identify, readInspection } from './inspection.ts';

type Server = components['schemas']['Server'];

const KEY = `${'A'.repeat(43)}=`;
const OTHER_KEY = `${'B'.repeat(42)}A=`;
const ID = '0b6f4f3e-6c1d-4c6e-9a57-2f0e1c5b8d11';
const OTHER_ID = '9d9f3c3a-54b1-4a0d-8c4b-0a4f8b6f6a55';
const HOST_KEY = `ssh-ed25519 ${'C'.repeat(68)}`;
const ADDRESS = { host: '203.0.113.7', port: 22 };

const server = (over: Partial<Server> = {}) =>
  ({ id: ID, publicKey: KEY, ssh: { ...ADDRESS, user: 'cvault', hostKeys: [HOST_KEY] }, ...over }) as Server;
const machine = (...lines: string[]) => readInspection(lines.join('\n'));

test('only the form of a machine’s output is trusted', () => {
  expect(
    machine(
      'Welcome to my host!',
      `host-key ${HOST_KEY}`,
      'host-key ssh-ed25519 $(id)',
      `installed wg0 ${ID} ${KEY}`,
      'installed wg1 - -',
      'installed ../x - -',
      `live ${KEY}`,
      'live (none)',
    ),
  ).toEqual({
    hostKeys: [HOST_KEY],
    installed: [
      { name: 'wg0', serverId: ID, publicKey: KEY },
      { name: 'wg1', serverId: null, publicKey: null },
    ],
    liveKeys: [KEY],
  });
});

test.each([
  ['nothing', machine(), { is: 'bare' }],
  ['somebody’s own WireGuard', machine(`live ${OTHER_KEY}`), { is: 'bare' }],
  ['our id', machine(`installed wg0 ${ID} ${KEY}`), { is: 'known', hasKey: true }],
  ['our id, and no key', machine(`installed wg0 ${ID} -`), { is: 'known', hasKey: false }],
  ['our id, and another key', machine(`installed wg0 ${ID} ${OTHER_KEY}`), { is: 'known', hasKey: false }],
  [
    'our id, and the key on the interface alone',
    machine(`installed wg0 ${ID} -`, `live ${KEY}`),
    { is: 'known', hasKey: true },
  ],
  ['our key, as version 0.1.0 left it', machine(`installed wg0 - ${KEY}`), { is: 'known', hasKey: true }],
  ['our key on the interface, and no file', machine(`live ${KEY}`), { is: 'known', hasKey: true }],
  ['another id', machine(`installed wg0 ${OTHER_ID} ${OTHER_KEY}`), { is: 'foreign', publicKey: OTHER_KEY }],
  ['another id with our key', machine(`installed wg0 ${OTHER_ID} ${KEY}`), { is: 'foreign', publicKey: KEY }],
  ['another key, as version 0.1.0 left it', machine(`installed wg0 - ${OTHER_KEY}`), { is: 'foreign' }],
])('a machine with %s', (_what, found, identity) => {
  expect(identify(found, [server()])).toMatchObject(identity);
});

test('a bare machine with a VPN server’s address or host keys does not count as new', () => {
  const servers = [server()];
  expect(formerlyAt(machine(), ADDRESS, servers)?.id).toBe(ID);
  expect(formerlyAt(machine(`host-key ${HOST_KEY}`), { host: '198.51.100.1', port: 22 }, servers)?.id).toBe(
    ID,
  );
  expect(formerlyAt(machine(), { host: '203.0.113.7', port: 2222 }, servers)).toBeNull();
  expect(formerlyAt(machine(), ADDRESS, [server({ ssh: null })])).toBeNull();
});
