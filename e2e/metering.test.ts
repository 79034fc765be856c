/**
 * The API's usage equals the traffic of a real tunnel to the byte, whatever is killed and restarted. The reference
 * is the client's own interface: the bytes that it sent and received.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import {
  asUser,
  callAsAdmin,
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

/**
 * Only the test's own packets: the client's interface also counts its IPv6 background traffic, which does not enter
 * the tunnel.
 */
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

/** The API's counts after two readings that began after this call, so they include all previous traffic. */
async function settled(): Promise<Bytes> {
  const before = await inApi();
  const passes = async () => {
    const { rows } = await database.pool.query<{ epoch: string; stored_pass: number }>(
      'SELECT epoch, stored_pass FROM meter_passes',
    );
    return rows[0];
  };
  let first = await passes();
  await until(
    'two more readings are written down',
    async () => {
      const last = await passes();
      // A new agent numbers its readings from 1.
      if (last?.epoch !== first?.epoch) first = last;
      return last !== undefined && first !== undefined && last.stored_pass >= first.stored_pass + 2;
    },
    120_000,
  );
  const now = await inApi();
  expect(now.up, 'it never falls').toBeGreaterThanOrEqual(before.up);
  expect(now.down, 'it never falls').toBeGreaterThanOrEqual(before.down);
  return now;
}

async function ping(client: WireGuardClient, count: number, size: number): Promise<string> {
  const { hostname } = new URL(internet.echoUrl);
  const { stdout } = await client.run([
    ...['ping', '-n', '-q', '-c', String(count), '-i', '0.02', '-s', String(size), '-W', '2', hostname],
  ]);
  return stdout;
}

const LOST_NONE = ' 0% packet loss';

/**
 * Sends through the tunnel in both directions; returns the counts of the client's interface. Null if a busy machine
 * lost a packet, since it may have been lost before or after it was counted.
 */
async function traffic(): Promise<Bytes | null> {
  const before = await onClient();
  if (!(await ping(phone, 50, 1_200)).includes(LOST_NONE)) return null;
  expect(await phone.fetch(internet.echoUrl, 20_000)).toBe(network.publicAddress);
  // The connection's last segments arrive after the page. A ping's answer does not mean that earlier packets have
  // arrived.
  await until('the connection is closed', async () => {
    const { stdout } = await phone.run(['ss', '-Htan']);
    return stdout.split('\n').every((line) => line === '' || line.startsWith('TIME-WAIT'));
  });
  if (!(await ping(phone, 1, 56)).includes(LOST_NONE)) return null;
  return minus(await onClient(), before);
}

const ATTEMPTS = 5;

/** Expects traffic to be counted to the byte, with `meanwhile` happening before all of it can be read. */
async function expectCounted(
  meanwhile: () => Promise<void>,
  first: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    await tunnelWorks();
    const before = await settled();
    await first();
    const sent = await traffic();
    await meanwhile();
    const counted = minus(await settled(), before);
    if (sent === null) continue;
    expect(sent.up).toBeGreaterThan(50 * 1_228);
    expect(counted).toEqual(sent);
    return;
  }
  throw new Error(`packets were lost in each of ${ATTEMPTS} attempts`);
}

/** Waits for the previous test's effects: a tunnel whose peer lost the session takes about 15 s to notice. */
async function tunnelWorks(): Promise<void> {
  await until(
    'the tunnel works',
    async () => ((await phone.fetch(internet.echoUrl, 1_000)) === undefined ? undefined : true),
    120_000,
  );
}

test('traffic is counted to the byte, and the first handshake opens a session', async () => {
  await expectCounted(() => Promise.resolve());
  const total = await settled();
  const { sessions } = await must(
    alice.call<{ sessions: Record<string, unknown>[] }>('GET', '/api/v1/vpn/sessions'),
  );
  expect(sessions).toMatchObject([
    { status: 'ACTIVE', openedBy: 'handshake', uploadBytes: total.up, downloadBytes: total.down },
  ]);
});

test('the agent is killed before a reading', async () => {
  await expectCounted(async () => {
    const [pid = ''] = await processIds(host, 'agent.mjs serve --interface wg0');
    await host.must(['kill', '-KILL', pid]);
  });
});

test('the API is down while packets pass', async () => {
  await expectCounted(
    async () => {
      plane = await startControlPlane(database.url.reveal(), secrets, settings);
      alice = { ...alice, call: asUser(plane.baseUrl, alice.apiKey, alice.accessToken) };
    },
    () => plane.kill(),
  );
});

test('the interface is killed and recreated', async () => {
  await expectCounted(async () => {
    const [pid] = await processIds(host, 'wireguard-go -f wg0');
    await host.must(pid === undefined ? ['ip', 'link', 'delete', 'wg0'] : ['kill', '-KILL', pid]);
  });
  await until('the peer is set again', async () =>
    (await host.must(['wg', 'show', 'wg0', 'peers']).catch(() => '')).trim() === '' ? undefined : true,
  );
  await phone.restart();
  await phone.run(['sysctl', '-q', '-w', 'net.ipv6.conf.tun.disable_ipv6=1']);
  await tunnelWorks();
  await expectCounted(() => Promise.resolve());
});

describe('a data limit', () => {
  let laptop: WireGuardClient;
  let second: DeviceBody;
  const PING = 1_111;
  const PACKET = PING + 28;
  const admin = () => callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);

  beforeAll(async () => {
    const { namespace } = await internet.addClient('laptop');
    laptop = await startWireGuardClient(namespace);
    second = await must(registerDevice(alice, { deviceName: 'laptop' }));
    await laptop.up(second.config);
    await laptop.run(['sysctl', '-q', '-w', 'net.ipv6.conf.tun.disable_ipv6=1']);
  });
  afterAll(async () => {
    await laptop?.stop();
  });

  async function used(): Promise<number> {
    const { uploadBytes, downloadBytes } = await must(
      alice.call<{ uploadBytes: number; downloadBytes: number }>('GET', '/api/v1/usage'),
    );
    return uploadBytes + downloadBytes;
  }
  const limitTo = (userDataLimitBytes: number | null) =>
    must(admin()('PATCH', `/api/v1/admin/tenants/${alice.tenantId}`, { userDataLimitBytes }));
  async function statuses(): Promise<string[]> {
    const { devices } = await must(
      alice.call<{ devices: { status: string; reason: string | null }[] }>('GET', '/api/v1/devices'),
    );
    return devices.map(({ status, reason }) => `${status} ${reason ?? ''}`.trim());
  }
  /** Gives both devices a common remainder of this many bytes, and waits until both have it. */
  async function giveBoth(bytes: number): Promise<number> {
    await settled();
    const limit = (await used()) + bytes;
    await limitTo(limit);
    await until('both devices are active, under their limit', async () => {
      const limited = await host.must(['nft', 'list', 'map', 'inet', 'cvault_wg0', 'data4']);
      const all = [device, second].every(({ assignedIp }) => limited.includes(`${assignedIp} :`));
      return all && (await statuses()).every((status) => status === 'active');
    });
    // A returning device takes about 15 s to notice that its VPN server lost the session. Its first packets count
    // towards the limit.
    await Promise.all(
      [phone, laptop].map((client) =>
        until(
          'the tunnel works',
          async () => (await ping(client, 1, 56)).includes(' 0% packet loss'),
          60_000,
        ),
      ),
    );
    return limit;
  }
  const spendBoth = (pings: number) => Promise.all([ping(phone, pings, PING), ping(laptop, pings, PING)]);
  async function expectEndAt(limit: number): Promise<void> {
    await until('both devices are held', async () =>
      (await statuses()).every((status) => status === 'suspended data'),
    );
    await settled();
    expect(await used()).toBeLessThanOrEqual(limit);
    expect(await used()).toBeGreaterThan(limit - PACKET);
    const { rows } = await database.pool.query<{ limit_bytes: number }>(
      'SELECT limit_bytes FROM usage_warnings WHERE percent = 100 AND subject_id <> tenant_id',
    );
    expect(
      rows.map(({ limit_bytes }) => limit_bytes),
      'limit.data_reached',
    ).toEqual([limit]);
  }

  test('that is no multiple of a packet cuts two devices off together within one packet, holds them, and is reported', async () => {
    const limit = await giveBoth(150_001);
    await spendBoth(80);
    await expectEndAt(limit);
  }, 180_000);

  test('that is raised cuts them off again, with the agent killed and the control plane down meanwhile', async () => {
    const limit = await giveBoth(250_003);
    await spendBoth(20);
    await plane.kill();
    await spendBoth(20);
    const [pid = ''] = await processIds(host, 'agent.mjs serve --interface wg0');
    await host.must(['kill', '-KILL', pid]);
    await spendBoth(100);
    plane = await startControlPlane(database.url.reveal(), secrets, settings);
    alice = { ...alice, call: asUser(plane.baseUrl, alice.apiKey, alice.accessToken) };
    await expectEndAt(limit);
  }, 240_000);

  test('that is removed lets them through again', async () => {
    await limitTo(null);
    await until('both devices are active', async () =>
      (await statuses()).every((status) => status === 'active'),
    );
    expect((await alice.call('DELETE', `/api/v1/devices/${second.id}`)).status).toBe(204);
  }, 120_000);
});

test('a deleted device’s last bytes still count for its user', async () => {
  await tunnelWorks();
  const uploaded = async () =>
    (await must(alice.call<{ uploadBytes: number }>('GET', '/api/v1/usage'))).uploadBytes;
  let [before, uploadedBefore] = [await settled(), await uploaded()];
  const sent = await until('nothing is lost', async () => {
    const attempt = await traffic();
    if (attempt === null) [before, uploadedBefore] = [await settled(), await uploaded()];
    return attempt ?? undefined;
  });
  expect((await alice.call('DELETE', `/api/v1/devices/${device.id}`)).status).toBe(204);
  expect(await settled()).toEqual(plus(before, sent));
  expect(await uploaded()).toBe(uploadedBefore + sent.up);
});
