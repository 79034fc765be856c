/**
 * What the API says of usage is what went through a real tunnel, to the byte, whatever is killed and restarted. The truth
 * is the client's own interface: the bytes of the packets that it sent and received.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import {
  asUser,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from './harness/control-plane.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './harness/internet.ts';
import { runProgram } from './harness/program.ts';
import { startTestHost, type TestHost } from './harness/test-host.ts';
import { until } from './harness/until.ts';
import { processIds } from './harness/vpn-server.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const CVAULT = fileURLToPath(new URL('../packages/cli/bin/cvault.mjs', import.meta.url));
const secrets = makeSecrets();
const settings = { CVAULT_METER_SECONDS: '1', CVAULT_RECONCILE_SECONDS: '2' };
let database: TestDatabase;
let plane: ControlPlane;
let internet: Internet;
let network: VpnServerNetwork;
let host: TestHost;
let alice: TestUser;
let phone: WireGuardClient;
let device: DeviceBody;

interface Bytes {
  readonly up: number;
  readonly down: number;
}

beforeAll(async () => {
  database = await createTestDatabase();
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  const { namespace } = await internet.addClient('phone');
  [plane, host, phone] = await Promise.all([
    startControlPlane(database.url.reveal(), secrets, settings),
    startTestHost({ namespace: network.namespace, init: 'none', address: network.managementAddress }),
    startWireGuardClient(namespace),
  ]);
  const added = await runProgram(
    [
      ...[process.execPath, CVAULT, 'server', 'add', `root@${network.managementAddress}`],
      ...[
        '--region',
        'us-east',
        '--endpoint',
        network.publicAddress,
        '--pool',
        '10.8.0.0/24',
        ...host.sshOptions,
      ],
    ],
    {
      timeoutMs: 120_000,
      env: {
        PATH: process.env['PATH'],
        CVAULT_URL: plane.baseUrl,
        CVAULT_ADMIN_KEY: secrets.CVAULT_ADMIN_KEY,
      },
    },
  );
  expect(added.status, added.stderr).toBe(0);
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  device = await must(registerDevice(alice));
  await connect();
});

afterAll(async () => {
  await plane?.stop();
  await phone?.stop();
  await host?.stop();
  await internet?.destroy();
  await database?.close();
});

/** Nothing but what the test sends: the client's own IPv6 chatter is in no tunnel, but counted by its interface. */
async function connect(): Promise<void> {
  await phone.up(device.config);
  await phone.run(['sysctl', '-q', '-w', 'net.ipv6.conf.tun.disable_ipv6=1']);
}

async function onClient(): Promise<Bytes> {
  const read = async (file: string) =>
    Number((await phone.run(['cat', `/sys/class/net/tun/statistics/${file}`])).stdout);
  return { up: await read('tx_bytes'), down: await read('rx_bytes') };
}

async function inApi(): Promise<Bytes> {
  const path = `/api/v1/devices/${device.id}/usage`;
  const { uploadBytes, downloadBytes } = await must(
    alice.call<{ uploadBytes: number; downloadBytes: number }>('GET', path),
  );
  return { up: uploadBytes, down: downloadBytes };
}

const plus = (a: Bytes, b: Bytes): Bytes => ({ up: a.up + b.up, down: a.down + b.down });
const minus = (a: Bytes, b: Bytes): Bytes => ({ up: a.up - b.up, down: a.down - b.down });

/** The API's number once it has stopped moving: three readings and more without a change. */
async function settled(): Promise<Bytes> {
  let last = await inApi();
  let since = Date.now();
  return until('usage stands still', async () => {
    // The API answers a user’s reports 300 times a minute; asked as often as `until` does it, it refuses halfway.
    await sleep(500);
    const now = await inApi();
    expect(now.up, 'it never falls').toBeGreaterThanOrEqual(last.up);
    expect(now.down, 'it never falls').toBeGreaterThanOrEqual(last.down);
    if (now.up !== last.up || now.down !== last.down) since = Date.now();
    last = now;
    return Date.now() - since > 4_000 ? now : undefined;
  });
}

/** Sends through the tunnel, both ways; answers what the client's interface saw of it. */
async function traffic(): Promise<Bytes> {
  const before = await onClient();
  const { hostname } = new URL(internet.echoUrl);
  const { stdout } = await phone.run([
    'ping',
    '-q',
    '-c',
    '50',
    '-i',
    '0.02',
    '-s',
    '1200',
    '-W',
    '2',
    hostname,
  ]);
  expect(stdout).toContain(' 0% packet loss');
  expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
  // The last segments of the connection that was closed.
  await sleep(500);
  return minus(await onClient(), before);
}

/** Traffic through the tunnel, and `meanwhile` before anybody can have read all of it. */
async function counted(meanwhile: () => Promise<void>): Promise<void> {
  const before = await settled();
  const sent = await traffic();
  expect(sent.up).toBeGreaterThan(50 * 1_228);
  await meanwhile();
  expect(minus(await settled(), before)).toEqual(sent);
}

async function tunnelWorks(): Promise<void> {
  await phone.restart();
  await phone.run(['sysctl', '-q', '-w', 'net.ipv6.conf.tun.disable_ipv6=1']);
  await until('the tunnel works', async () =>
    (await phone.fetch(internet.echoUrl, 1_000)) === undefined ? undefined : true,
  );
}

test('what went through is counted to the byte, and the first handshake opened a session', async () => {
  await counted(() => Promise.resolve());
  const total = await settled();
  const { sessions } = await must(
    alice.call<{ sessions: Record<string, unknown>[] }>('GET', '/api/v1/vpn/sessions'),
  );
  expect(sessions).toMatchObject([
    { status: 'ACTIVE', openedBy: 'handshake', uploadBytes: total.up, downloadBytes: total.down },
  ]);
});

test('the agent is killed before it was read', async () => {
  await counted(async () => {
    const [pid = ''] = await processIds(host, 'agent.mjs serve --interface wg0');
    await host.must(['kill', '-KILL', pid]);
  });
});

test('the API is away while packets go on', async () => {
  const before = await settled();
  await plane.kill();
  const sent = await traffic();
  plane = await startControlPlane(database.url.reveal(), secrets, settings);
  alice = { ...alice, call: asUser(plane.baseUrl, alice.apiKey, alice.accessToken) };
  expect(minus(await settled(), before)).toEqual(sent);
});

test('the interface is killed and made anew', async () => {
  await counted(async () => {
    const [pid] = await processIds(host, 'wireguard-go -f wg0');
    await host.must(pid === undefined ? ['ip', 'link', 'delete', 'wg0'] : ['kill', '-KILL', pid]);
  });
  await until('the peer is set again', async () =>
    (await host.must(['wg', 'show', 'wg0', 'peers']).catch(() => '')).trim() === '' ? undefined : true,
  );
  await tunnelWorks();
  await counted(() => Promise.resolve());
});

test('the device is deleted before its last bytes were read: they are its user’s all the same', async () => {
  const before = await settled();
  const sent = await traffic();
  expect((await alice.call('DELETE', `/api/v1/devices/${device.id}`)).status).toBe(204);
  expect(await settled()).toEqual(plus(before, sent));
  const { uploadBytes } = await must(alice.call<{ uploadBytes: number }>('GET', '/api/v1/usage'));
  expect(uploadBytes).toBe(before.up + sent.up);
});
