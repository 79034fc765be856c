/** A network that corrupts bytes, a rolling replacement under load, and a control plane that is down completely. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../packages/api/src/platform/db/database.ts';
import { startTestRedis, type TestRedis } from '../../packages/api/src/testing/redis-server.ts';
import {
  asUser,
  type Call,
  createUser,
  type DeviceBody,
  must,
  type TestUser,
} from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import { type CrashingPostgres, startCrashingPostgres } from '../harness/crashing-postgres.ts';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { FAULT_SETTINGS, type SshVpnServer, startSshVpnServer, untilHealthy } from '../harness/platform.ts';
import { Random } from '../harness/random.ts';
import { inRound, say, seed } from '../harness/round.ts';
import { until } from '../harness/until.ts';
import { startWireGuardClient, type WireGuardClient } from '../harness/wireguard-client.ts';

const REGION = 'faults';
const secrets = makeSecrets();
const random = new Random(seed + 2);
let folder: string;
let postgres: CrashingPostgres;
let redis: TestRedis;
let database: Database;
let planes: ControlPlane[];
let vpn: SshVpnServer;
let alice: TestUser;
let phone: WireGuardClient;

const openPlane = (databaseUrl = postgres.url.reveal()) =>
  startControlPlane(databaseUrl, secrets, { ...FAULT_SETTINGS, REDIS_URL: redis.url.reveal() });
const through = ({ baseUrl }: Pick<ControlPlane, 'baseUrl'>): Call =>
  asUser(baseUrl, alice.apiKey, alice.accessToken);
const register = (call: Call) =>
  call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x', region: REGION });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-outage-'));
  [postgres, redis] = await Promise.all([startCrashingPostgres(join(folder, 'postgres')), startTestRedis()]);
  database = openDatabase(postgres.url, { role: null, connections: 4, onConnectionLost: () => undefined });
  planes = await Promise.all([openPlane(), openPlane()]);
  vpn = await startSshVpnServer(planes[0]!, secrets, { poolCidr: '10.75.0.0/20', region: REGION });
  alice = await createUser(planes[0]!.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  phone = await startWireGuardClient((await vpn.internet.addClient('phone')).namespace);
});
afterAll(async () => {
  await Promise.all((planes ?? []).map((plane) => plane.kill()));
  await phone?.stop();
  await vpn?.stop();
  await database?.close();
  await postgres?.stop();
  await redis?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a rolling replacement of replicas under load fails no request', async () => {
  let over = false;
  const failed: string[] = [];
  let answered = 0;
  /** Like a load balancer: if one replica refuses the connection, the other one is tried. */
  async function ask(method: string, path: string, body?: object) {
    const order = random.below(2) === 0 ? [0, 1] : [1, 0];
    for (const index of [...order, ...order]) {
      const response = await fetch(`${planes[index]!.baseUrl}${path}`, {
        method,
        headers: {
          'x-api-key': alice.apiKey,
          authorization: `Bearer ${alice.accessToken}`,
          // A new connection, to avoid the race of both sides closing an idle one.
          connection: 'close',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch((error: unknown) => error as Error & { cause?: { code?: string } });
      if (response instanceof Response) {
        const text = await response.text();
        if (!response.ok) failed.push(`${method} ${path} answered ${response.status}: ${text}`);
        answered++;
        return text === '' ? {} : (JSON.parse(text) as { id?: string });
      }
      if (response.cause?.code !== 'ECONNREFUSED') {
        failed.push(`${method} ${path}: ${String(response.cause?.code ?? response)}`);
        return {};
      }
    }
    failed.push(`${method} ${path}: refused by both`);
    return {};
  }
  const client = async () => {
    for (let turn = 0; turn < 20_000 && !over; turn++) {
      const { id } = await ask('POST', '/api/v1/devices', { deviceName: 'x', region: REGION });
      await ask('GET', '/api/v1/devices');
      if (id !== undefined) await ask('DELETE', `/api/v1/devices/${id}`);
      // Fewer than 50 deletions per second, the quarantine of these tests; more would be churn.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const load = Promise.all([client(), client(), client(), client()]);
  const restarts = inRound({ short: 2, full: 20 });
  for (let n = 0; n < restarts; n++) {
    // The new replica starts before the old one stops, as in any rolling deployment.
    const next = await openPlane();
    const old = planes[n % 2]!;
    planes[n % 2] = next;
    await old.stop();
  }
  over = true;
  await load;
  say(`${restarts} replicas replaced, ${answered} requests answered`);
  expect(failed).toEqual([]);
  await untilHealthy(database, planes[0]!.baseUrl, secrets);
});

test('delayed, split, cut and corrupted bytes to sshd and PostgreSQL lose nothing that was answered', async () => {
  const before = await database.pool.query<{ ssh_host: string; ssh_port: number }>(
    'SELECT ssh_host, ssh_port FROM servers WHERE id = $1',
    [vpn.id],
  );
  const { ssh_host: host, ssh_port: port } = before.rows[0]!;
  const url = new URL(postgres.url.reveal());
  // Reconciling over a new connection takes about 5 kB each way, so most faults occur during it.
  const toSsh = await startFaultProxy(
    { host, port },
    { toxics: ['latency', 'slicer', 'cut', 'corrupt'], within: 8_000 },
    random,
  );
  const toPostgres = await startFaultProxy(
    { host: url.hostname, port: Number(url.port) },
    { toxics: ['latency', 'slicer', 'cut'], within: 40_000 },
    random,
  );
  url.host = `127.0.0.1:${toPostgres.port}`;
  const redirect = (to: string, at: number) =>
    database.pool.query('UPDATE servers SET ssh_host = $2, ssh_port = $3 WHERE id = $1', [vpn.id, to, at]);
  await redirect('127.0.0.1', toSsh.port);
  await Promise.all(planes.map((plane) => plane.kill()));
  planes = [await until('an API process gets through', () => openPlane(url.href), 60_000)];
  const call = through(planes[0]!);
  const there = new Set<string>();
  const gone = new Set<string>();
  const statuses = new Map<number, number>();
  let left = inRound({ short: 150, full: 1_000 });
  const end = Date.now() + inRound({ short: 10_000, full: 60_000 });
  async function ask<T>(method: string, path: string, body?: object) {
    left--;
    const answer = await call<T>(method, path, body).catch(() => null);
    const status = answer?.status ?? 0;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    return answer !== null && status < 300 ? answer.body : null;
  }
  const client = async () => {
    for (let turn = 0; turn < 2_000 && (left > 0 || Date.now() < end); turn++) {
      const made = await ask<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x', region: REGION });
      if (made === null) continue;
      there.add(made.id);
      await ask('POST', `/api/v1/devices/${made.id}/rotate`, { overlapSeconds: random.pick([0, 60]) });
      if (random.below(2) === 0) continue;
      there.delete(made.id);
      if ((await ask('DELETE', `/api/v1/devices/${made.id}`)) !== null) gone.add(made.id);
    }
  };
  // Otherwise the only channel to the VPN server would keep its first fault to the end.
  const cutting = setInterval(() => toSsh.cut(), 1_000);
  await Promise.all([client(), client(), client(), client()]);
  clearInterval(cutting);
  const told = (proxy: FaultProxy) => JSON.stringify(Object.fromEntries(proxy.hits));
  say(
    `to sshd ${told(toSsh)}, to PostgreSQL ${told(toPostgres)}; ${JSON.stringify(Object.fromEntries(statuses))}`,
  );
  toSsh.calm();
  toPostgres.calm();
  await untilHealthy(database, planes[0]!.baseUrl, secrets);
  const { rows } = await database.pool.query<{ id: string; state: string }>('SELECT id, state FROM devices');
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  expect([...there].filter((id) => states.get(id) !== 'live')).toEqual([]);
  expect([...gone].filter((id) => states.get(id) !== 'deleted')).toEqual([]);
  expect([...statuses.keys()].filter((status) => status >= 500 && status !== 503)).toEqual([]);
  await redirect(host, port);
  await Promise.all(planes.map((plane) => plane.kill()));
  planes = await Promise.all([openPlane(), openPlane()]);
  await Promise.all([toSsh.close(), toPostgres.close()]);
}, 300_000);

test('without API, PostgreSQL and Redis, packets still pass, and everything is consistent afterwards', async () => {
  const device = await until('it is linked again', async () => {
    const { status, body } = await register(through(planes[0]!));
    return status === 201 && body;
  });
  await phone.up(device.config);
  await until('packets flow', () => phone.fetch(vpn.internet.echoUrl, 1_000));
  const first = await phone.latestHandshake();
  await Promise.all([...planes.map((plane) => plane.kill()), postgres.kill(), redis.kill()]);
  // WireGuard rekeys after 120 s.
  const seconds = inRound({ short: 5, full: 260 });
  const { hostname } = new URL(vpn.internet.echoUrl);
  const { stdout } = await phone.run(
    ['ping', '-q', '-i', '0.2', '-c', String(seconds * 5), '-W', '2', hostname],
    { timeoutMs: (seconds + 30) * 1_000 },
  );
  expect(stdout).toContain(' 0% packet loss');
  const rekeyed = (await phone.latestHandshake()) - first;
  say(`control plane gone for ${seconds} s: no packet lost, last handshake ${rekeyed} s after the first`);
  expect(rekeyed).toBeGreaterThanOrEqual(inRound({ short: 0, full: 200 }));
  await Promise.all([postgres.restart(), redis.restart()]);
  planes = await Promise.all([openPlane(), openPlane()]);
  await untilHealthy(database, planes[0]!.baseUrl, secrets);
  expect(await must(through(planes[0]!)('GET', `/api/v1/devices/${device.id}`))).toMatchObject({
    status: 'active',
  });
  expect(await phone.fetch(vpn.internet.echoUrl)).toBe(vpn.network.publicAddress);
}, 600_000);
