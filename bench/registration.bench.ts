/**
 * `npm run bench`: the time of a registration until `201 active`, over real SSH and on a real WireGuard interface,
 * compared with its parts ("floors") in the same run.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Owner } from '../packages/api/src/devices/ports.ts';
import type { Acknowledgement } from '../packages/api/src/fleet/peer.ts';
import { Secret } from '../packages/api/src/platform/crypto/secret.ts';
import { newId } from '../packages/api/src/platform/ids.ts';
import type { Server } from '../packages/api/src/servers/server.ts';
import { afterAll, beforeAll, test } from 'vitest';
import { asUser, callAsAdmin, createUser, must, type TestUser } from '../e2e/harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../e2e/harness/control-plane.ts';
import { createInternet, type Internet, type VpnServerNetwork } from '../e2e/harness/internet.ts';
import { startTestHost, type TestHost } from '../e2e/harness/test-host.ts';
import { until } from '../e2e/harness/until.ts';
import { runScriptOverSsh } from '../e2e/harness/vpn-server.ts';
import { createPasswordHasher } from '../packages/api/src/sign-in/password-hasher.ts';
import { AgentClient } from '../packages/api/src/fleet/agent-client.ts';
import { Batcher } from '../packages/api/src/fleet/batcher.ts';
import { type Database, openDatabase } from '../packages/api/src/platform/db/database.ts';
import { registerDevice } from '../packages/api/src/devices/register.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { createIdentityStore } from '../packages/api/src/platform/access/identities.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import { createPeerStore } from '../packages/api/src/fleet/peer-store.ts';
import { createSshTransport } from '../packages/api/src/fleet/transports/ssh.ts';
import { generateControlKey } from '../packages/api/src/fleet/ssh/keys.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../packages/api/src/testing/fixtures.ts';
import { cpuTimes } from './cpu-time.ts';
import { createHttpCaller } from './http-caller.ts';
import { measure, type Measured, table } from './measure.ts';

const TENANTS = 8;
const CONCURRENCIES = [1, 8, 32] as const;
const COUNT = { 1: 300, 8: 1_000, 32: 2_000 } as const;
/** wireguard-go holds up to 65,536 peers. */
const CROWD = Number(process.env['BENCH_CROWD'] ?? 50_000);
/** Registrations before the measurement. */
const WARM_UP = 50;

const secrets = makeSecrets();
let folder: string;
let postgres: EmbeddedPostgres;
let database: Database;
let floor: Database;
let plane: ControlPlane;
let internet: Internet;
let network: VpnServerNetwork;
let host: TestHost;
let users: TestUser[];
let serverId: string;
let floorOwners: Owner[];
let floorServer: Server;
const floorEpoch = anEpoch();

const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const say = (text: string) => process.stdout.write(`${text}\n`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  // As in production: every commit is on disk before the answer.
  postgres = await startEmbeddedPostgres(folder);
  await migrate(postgres.url.reveal());
  database = openDatabase(postgres.url, { role: null, connections: 32 });
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  host = await startTestHost({
    namespace: network.namespace,
    init: 'none',
    address: network.managementAddress,
  });
  plane = await startControlPlane(
    postgres.url.reveal(),
    secrets,
    {},
    // To profile the API process: BENCH_API_ARGUMENTS="--cpu-prof --cpu-prof-dir=/tmp"
    process.env['BENCH_API_ARGUMENTS']?.split(' ') ?? [],
  );
  const admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  const added = await must(
    admin<{ server: { id: string }; installation: string }>('POST', '/api/v1/admin/servers', {
      name: 'bench',
      region: 'bench',
      endpointHost: network.publicAddress,
      sshHost: network.managementAddress,
      poolCidr: '10.64.0.0/16',
    }),
  );
  serverId = added.server.id;
  const { stdout } = await runScriptOverSsh(host, network.managementAddress, added.installation);
  const { interfacePublicKey, hostKeys } = JSON.parse(stdout) as Record<string, unknown>;
  await must(admin('POST', `/api/v1/admin/servers/${serverId}/activate`, { interfacePublicKey, hostKeys }));
  // The SQL floor has its own database in the same PostgreSQL, so the API does not work on it.
  await database.pool.query('CREATE DATABASE floor');
  const floorUrl = postgres.url.map((url) => url.replace(/\/cvault$/, '/floor'));
  await migrate(floorUrl.reveal());
  floor = openDatabase(floorUrl, { role: null, connections: 32 });
  floorServer = await aServer(floor, { region: 'floor', cidr: '10.65.0.0/16' });
  await createPeerStore(floor, 600).adoptEpoch(floorServer.id, floorEpoch);
  floorOwners = await Promise.all(Array.from({ length: TENANTS }, () => aTenantWithUser(floor)));
  users = [];
  for (let n = 0; n < TENANTS; n++) {
    users.push(await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, `Tenant ${n}`));
  }
});

afterAll(async () => {
  await plane?.stop();
  await host?.stop();
  await internet?.destroy();
  await floor?.close();
  await database?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/**
 * PostgreSQL's work for a registration, from a process that does nothing else: looks the credentials up, registers
 * the device, and stores its acknowledgement (batched, as the API does).
 */
async function sqlAlone(concurrency: 1 | 8 | 32): Promise<Measured> {
  const devices = Array.from({ length: COUNT[concurrency] + WARM_UP }, (_, n) =>
    aDevice(floorOwners[n % TENANTS]!, { region: 'floor' }),
  );
  const identities = createIdentityStore(floor);
  const peers = createPeerStore(floor, 600);
  const acks = new Batcher(async (batch: Acknowledgement[]) => {
    await peers.acknowledge(floorServer.id, floorEpoch, batch);
    return batch.map(() => undefined);
  }, 1_000);
  const nobody = Buffer.alloc(32);
  const register = async (n: number) => {
    await identities.find(nobody, null, { userId: devices[n]!.userId, signInId: devices[n]!.userId });
    const { id } = await registerDevice(floor.pool, devices[n]!, 3_600_000);
    await acks.push({ deviceId: id, generation: 1 });
  };
  await measure(WARM_UP, concurrency, register);
  return measure(COUNT[concurrency], concurrency, (n) => register(n + WARM_UP));
}

/** One request and answer over the SSH channel: a registration's path without its work. */
async function roundTripAlone(): Promise<Measured> {
  const control = generateControlKey();
  const authorized = `restrict,command="/usr/bin/node /usr/lib/cvault/agent.mjs relay --socket /run/cvault/wg0.sock" ${control.publicKey}`;
  await host.must(['sh', '-c', 'cat >> /var/lib/cvault/.ssh/authorized_keys'], { input: `${authorized}\n` });
  const transport = createSshTransport({
    host: network.managementAddress,
    port: 22,
    user: 'cvault',
    privateKey: control.privateKey,
    hostKeys: host.hostKeys as [string, ...string[]],
  });
  const client = await AgentClient.open(await transport.open(AbortSignal.timeout(10_000)));
  await measure(50, 1, () => client.peerCount());
  const measured = await measure(500, 1, () => client.peerCount());
  client.close();
  return measured;
}

/** One `wg set` on the VPN server, started from Node.js like the agent's. */
async function wgSetAlone(): Promise<Measured> {
  const script = `
    const { spawn } = require('node:child_process');
    const { randomBytes, generateKeyPairSync } = require('node:crypto');
    const key = () => generateKeyPairSync('x25519', { publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'der' } }).publicKey.subarray(-32).toString('base64');
    const wg = (...args) => new Promise((done) => spawn('wg', ['set', 'wg0', 'peer', ...args]).once('close', done));
    (async () => {
      const times = [];
      for (let n = 0; n < 220; n++) {
        const peer = key();
        const start = performance.now();
        await wg(peer, 'allowed-ips', '172.31.' + (n >> 8) + '.' + (n & 255) + '/32');
        if (n >= 20) times.push(performance.now() - start);
        await wg(peer, 'remove');
      }
      console.log(JSON.stringify(times.sort((a, b) => a - b)));
    })();`;
  const times = JSON.parse(await host.must(['node', '-e', script], { timeoutMs: 120_000 })) as number[];
  const at = (share: number) => times[Math.floor(times.length * share)]!;
  return { count: times.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), perSecond: 1_000 / at(0.5) };
}

async function bcryptAlone(): Promise<Measured> {
  const passwords = createPasswordHasher(12);
  return measure(10, 1, () => passwords.hash('tenant', new Secret('correct horse battery staple')));
}

async function registrations(concurrency: 1 | 8 | 32): Promise<Measured> {
  const callers = users.map(({ apiKey, accessToken }) =>
    createHttpCaller(
      plane.baseUrl,
      { 'x-api-key': apiKey, authorization: `Bearer ${accessToken}` },
      concurrency,
    ),
  );
  const register = async (n: number) => {
    const { status, text } = await callers[n % TENANTS]!.post('/api/v1/devices', {
      deviceName: 'bench',
      region: 'bench',
    });
    if (status !== 201) throw new Error(`answered ${status}: ${text}`);
  };
  await measure(WARM_UP, concurrency, register);
  const measured = await measure(COUNT[concurrency], concurrency, register);
  for (const caller of callers) caller.close();
  return measured;
}

/** Fills the VPN server through the database and the sweeper. */
async function crowd(): Promise<number> {
  const user = users[0]!;
  const { body } = await asUser(
    plane.baseUrl,
    user.apiKey,
    user.accessToken,
  )<{ id: string }>('GET', '/api/v1/me');
  const owner = { tenantId: user.tenantId, userId: body.id };
  const start = performance.now();
  await measure(CROWD, 16, () =>
    registerDevice(database.pool, { ...aDevice(owner, { region: 'bench' }), id: newId() }, 0),
  );
  await until(
    'all peers are on the interface',
    async () => {
      const { rowCount } = await database.pool.query('SELECT FROM outbox WHERE server_id = $1 LIMIT 1', [
        serverId,
      ]);
      return rowCount === 0;
    },
    900_000,
  );
  return (performance.now() - start) / 1_000;
}

/** The CPU time of one registration per part, in milliseconds. */
function profileOf(before: Map<string, number>, after: Map<string, number>, registered: number): string[][] {
  const parts = [...after].map(
    ([part, time]) => [part, (time - (before.get(part) ?? 0)) / registered] as const,
  );
  const total = parts.reduce((sum, [, each]) => sum + each, 0);
  return [...parts.sort((a, b) => b[1] - a[1]), ['together', total] as const].map(([part, each]) => [
    part,
    each.toFixed(2),
  ]);
}

const peersNow = async () => (await host.must(['wg', 'show', 'wg0', 'peers'])).trim().split('\n').length;

test('registration', { timeout: 2_400_000 }, async () => {
  const lines: string[] = [];
  const print = (text: string) => {
    say(text);
    lines.push(text);
  };
  const [cpu] = cpus();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const { rows } = await database.pool.query<{ server_version: string }>('SHOW server_version');
  print(
    `machine: ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  print(
    `PostgreSQL ${rows[0]!.server_version}, fsync on; load before ${loadavg()[0]!.toFixed(2)}; commit ${commit}`,
  );
  print(
    `load maker, API, PostgreSQL, sshd, agent and wireguard-go share the cores; ${TENANTS} tenants, one user each`,
  );

  const roundTrip = await roundTripAlone();
  const bcrypt = await bcryptAlone();
  const results: string[][] = [];
  const ratios: string[][] = [];
  let profile: string[][] = [];
  let empty: Measured | undefined;
  const row = (what: string, peers: string, concurrency: string, m: Measured) =>
    results.push([what, peers, concurrency, ms(m.p50), ms(m.p95), ms(m.p99), m.perSecond.toFixed(0)]);

  row('floor: agent round trip', '', '1', roundTrip);
  row('floor: bcrypt, cost 12', '', '1', bcrypt);
  for (const crowded of process.env['BENCH_EMPTY_ONLY'] === undefined ? [false, true] : [false]) {
    if (crowded) print(`${CROWD} peers came in by the sweeper in ${(await crowd()).toFixed(1)} s`);
    const peers = String(crowded ? await peersNow() : 0);
    const wgSet = await wgSetAlone();
    row('floor: one wg set', peers, '1', wgSet);
    for (const concurrency of CONCURRENCIES) {
      const sql = await sqlAlone(concurrency);
      const before = cpuTimes(plane.pid);
      const whole = await registrations(concurrency);
      if (concurrency === 32 && !crowded)
        profile = profileOf(before, cpuTimes(plane.pid), whole.count + WARM_UP);
      row('floor: the same SQL', peers, String(concurrency), sql);
      row('registration to 201 active', peers, String(concurrency), whole);
      const floors = sql.p50 + roundTrip.p50 + wgSet.p50;
      if (concurrency === 1) {
        if (empty !== undefined) {
          ratios.push([
            `p50 at 1, at ${peers} peers / on an empty interface`,
            (whole.p50 / empty.p50).toFixed(2),
            '≤ 1.5',
          ]);
        }
        empty ??= whole;
        ratios.push([
          `p50 at 1 / sum of floors (${ms(floors)} ms), at ${peers} peers`,
          (whole.p50 / floors).toFixed(2),
          '≤ 2',
        ]);
      }
      if (concurrency === 32) {
        ratios.push([
          `throughput at 32 / the same SQL’s, at ${peers} peers`,
          (whole.perSecond / sql.perSecond).toFixed(2),
          '≥ 0.5',
        ]);
      }
    }
  }
  print('');
  print(table(['what', 'peers before', 'at once', 'p50 ms', 'p95 ms', 'p99 ms', 'per second'], results));
  print('');
  print(table(['ratio', 'measured', 'aim'], ratios));
  print('');
  print(table(['CPU time of one registration, 32 at once', 'ms'], profile));
  const file = process.env['BENCH_OUTPUT'];
  if (file !== undefined) await writeFile(file, `${lines.join('\n')}\n`);
});
