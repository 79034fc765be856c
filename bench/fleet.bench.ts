/**
 * `npm run bench -- fleet`: the cost of a million devices on a thousand VPN servers, compared with an empty system
 * in the same run. Agents are scripted to agree; everything in the database is real. Takes about five minutes.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../packages/api/src/devices/ports.ts';
import { newId } from '../packages/api/src/platform/ids.ts';
import { generateKeyPair } from '@cvault/wireguard';
import { afterAll, beforeAll, test } from 'vitest';
import { callAsAdmin, must } from '../e2e/harness/api-client.ts';
import { makeSecrets, startControlPlane } from '../e2e/harness/control-plane.ts';
import { until } from '../e2e/harness/until.ts';
import type { AgentDigest } from '../packages/api/src/fleet/link/link.ts';
import { lookAtAll } from '../packages/api/src/fleet/look.ts';
import { type Database, openDatabase } from '../packages/api/src/platform/db/database.ts';
import { createTenantDevicesStore } from '../packages/api/src/devices/tenant-devices-store.ts';
import { createDeviceStore } from '../packages/api/src/devices/store.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import { createPeerStore } from '../packages/api/src/fleet/peer-store.ts';
import { createUsageStore } from '../packages/api/src/usage/store.ts';
import { aDevice, aServer, aTenantWithUser } from '../packages/api/src/testing/fixtures.ts';
import { cpuTimes } from './cpu-time.ts';
import { measure, type Measured, table } from './measure.ts';

const SERVERS = Number(process.env['BENCH_SERVERS'] ?? 1_000);
const DEVICES_EACH = Number(process.env['BENCH_DEVICES_EACH'] ?? 1_000);
const COUNT = 300;
const EPOCH = '0'.repeat(32);

let folder: string;
let postgres: EmbeddedPostgres;
let database: Database;
const lines: string[] = [];
const print = (text: string) => {
  lines.push(text);
  process.stdout.write(`${text}\n`);
};
const ms = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(1));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  postgres = await startEmbeddedPostgres(folder, { shared_buffers: '512MB', max_wal_size: '4GB' });
  await migrate(postgres.url.reveal());
  database = openDatabase(postgres.url, { role: null, connections: 8 });
});
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Inserts VPN servers with pools and devices directly, in the state after registrations and acknowledgements. */
async function fill(owner: Owner): Promise<void> {
  const pool = await database.pool.connect();
  // The rows are correct by construction, so foreign keys need no checks.
  await pool.query(
    'SET session_replication_role = replica; SET statement_timeout = 0; SET synchronous_commit = off',
  );
  const half = Math.floor(DEVICES_EACH / 2);
  for (let first = 0; first < SERVERS; first += 100) {
    const ids = Array.from({ length: Math.min(100, SERVERS - first) }, () => newId());
    await pool.query(
      `INSERT INTO servers (id, name, region, state, transport, endpoint_host, endpoint_port, interface_name, public_key, epoch,
         last_contact_at)
       SELECT id, 'crowd ' || id, 'crowd', 'active', 'memory', '203.0.113.1', 51820, 'wg0', sha256(uuid_send(id)), $2, now()
       FROM unnest($1::uuid[]) AS id`,
      [ids, EPOCH],
    );
    await pool.query(
      `INSERT INTO pools (id, server_id, cidr, gateway) SELECT id, id, '10.64.0.0/16', '10.64.0.1' FROM unnest($1::uuid[]) AS id`,
      [ids],
    );
    for (const [from, count] of [
      [0, half],
      [half, DEVICES_EACH - half],
    ] as const) {
      await pool.query(
        `WITH made AS (
           SELECT gen_random_uuid() AS id, s AS server_id, '10.64.0.2'::inet + n AS address, n
           FROM unnest($1::uuid[]) AS s CROSS JOIN generate_series($4::int, $4::int + $5::int - 1) AS n
         ), device AS (
           INSERT INTO devices (id, tenant_id, user_id, server_id, name, public_key, assigned_ip, applied_generation, applied_epoch)
           SELECT id, $2, $3, server_id, 'device ' || n, sha256(uuid_send(id)), address, 1, $6 FROM made
         ), used AS (
           INSERT INTO usage_metrics (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
           SELECT $2, $3, id, server_id, 'day', date_trunc('day', now(), 'UTC') - interval '1 day', 1000, 9000 FROM made
         )
         INSERT INTO ip_pool (server_id, address, pool_id, state, tenant_id, device_id)
         SELECT server_id, address, server_id, 'held', $2, id FROM made`,
        [ids, owner.tenantId, owner.userId, from, count, EPOCH],
      );
    }
  }
  await pool.query(
    'UPDATE tenants SET device_limit = 2000000, device_count = (SELECT count(*) FROM devices WHERE tenant_id = id) WHERE id = $1',
    [owner.tenantId],
  );
  await pool.query('VACUUM ANALYZE');
  // Discards the connection with its settings.
  pool.release(true);
}

interface Paths {
  readonly register: Measured;
  readonly list: Measured;
  readonly page: Measured;
  readonly usage: Measured;
}

const DAYS = 30;
/** The default page of `GET /tenant/devices`, plus one row that shows whether there is another page. */
const PAGE = 51;

/** Daily usage of a tenant's devices, as rolled up. */
async function meter({ tenantId, userId }: Owner): Promise<void> {
  await database.pool.query(
    `INSERT INTO usage_metrics (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
     SELECT tenant_id, user_id, id, server_id, 'day', date_trunc('day', now(), 'UTC') - n * interval '1 day', 1000, 9000
     FROM devices CROSS JOIN generate_series(1, $3::int) AS n WHERE tenant_id = $1 AND user_id = $2`,
    [tenantId, userId, DAYS],
  );
}

function usagePerDay({ tenantId }: Owner) {
  const today = new Date().setUTCHours(0, 0, 0, 0);
  const range = {
    from: new Date(today - DAYS * 86_400_000),
    to: new Date(today),
    granularity: 'day' as const,
  };
  return createUsageStore(database).series({ of: 'tenant', tenantId }, range, 100_001);
}

async function middleDevice({ tenantId }: Owner): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `SELECT id FROM devices WHERE tenant_id = $1 ORDER BY id
     OFFSET (SELECT count(*) / 3 FROM devices WHERE tenant_id = $1) LIMIT 1`,
    [tenantId],
  );
  return rows[0]!.id;
}

async function paths(owner: Owner, region: string): Promise<Paths> {
  const devices = createDeviceStore(database, 3_600_000);
  const keys = Array.from({ length: COUNT + 30 }, () => generateKeyPair().publicKey);
  const register = (n: number) => devices.register(aDevice(owner, { region, publicKey: keys[n]! }));
  await measure(30, 1, register);
  const registered = await measure(COUNT, 1, (n) => register(n + 30));
  const lister = await aTenantWithUser(database);
  for (let n = 0; n < 5; n++) await devices.register(aDevice(lister, { region }));
  await measure(30, 1, () => devices.list(lister));
  const list = await measure(COUNT, 1, () => devices.list(lister));
  // A page from the middle of a tenant's devices: one page of them, or a million in the full system.
  const directory = createTenantDevicesStore(database);
  const scope = { tenantId: owner.tenantId, mode: 'live' as const };
  const middle = { limit: PAGE, afterId: await middleDevice(owner) };
  const turnPage = () => directory.list(scope, {}, middle);
  const devicesOnPage = (await turnPage()).length;
  if (devicesOnPage !== PAGE) throw new Error(`a page of ${devicesOnPage} devices instead of ${PAGE}`);
  await measure(30, 1, turnPage);
  const page = await measure(COUNT, 1, turnPage);
  await meter(lister);
  const days = await usagePerDay(lister);
  if (days?.length !== DAYS) throw new Error(`${days?.length ?? 'no'} days of usage instead of ${DAYS}`);
  await measure(30, 1, () => usagePerDay(lister));
  return { register: registered, list, page, usage: await measure(COUNT, 1, () => usagePerDay(lister)) };
}

/**
 * One look at all VPN servers, each of which agrees with the database: CPU time of this process and of PostgreSQL.
 */
async function quietLook() {
  const peers = createPeerStore(database, 600);
  const { rows } = await database.pool.query<{ id: string }>("SELECT id FROM servers WHERE region = 'crowd'");
  const ids = rows.map(({ id }) => id);
  const wanted = await peers.digests(ids);
  const links = new Map(
    ids.map((id) => {
      const { peers: count, digest, tunnelAddresses } = wanted.get(id)!;
      const answer: AgentDigest = {
        epoch: EPOCH,
        peers: count,
        digest,
        drifted: 0,
        tunnelAddresses: tunnelAddresses.join(' '),
      };
      return [id, { state: 'ready' as const, digest: () => Promise.resolve(answer) }];
    }),
  );
  await database.pool.query("UPDATE servers SET look_after = now() - interval '1 second'");
  const before = cpuTimes(process.pid);
  const start = performance.now();
  const counts = await lookAtAll(links, peers, 30_000, () => undefined);
  const wall = performance.now() - start;
  const after = cpuTimes(process.pid);
  const own = (after.get('load maker') ?? 0) - (before.get('load maker') ?? 0);
  const inPostgres = (after.get('PostgreSQL') ?? 0) - (before.get('PostgreSQL') ?? 0);
  return { counts, wall, own, inPostgres };
}

test('a fleet', { timeout: 600_000 }, async () => {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  print(
    `machine: ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
  );
  print(`fsync on; load before ${loadavg()[0]!.toFixed(2)}; commit ${commit}`);
  await aServer(database, { region: 'small', cidr: '10.60.0.0/16' });
  const owner = await aTenantWithUser(database);
  const empty = await paths(owner, 'small');
  const start = performance.now();
  await fill(owner);
  const { rows } = await database.pool.query<{ devices: number; servers: number }>(
    'SELECT (SELECT count(*) FROM devices) AS devices, (SELECT count(*) FROM servers) AS servers',
  );
  print(
    `${rows[0]!.devices} devices on ${rows[0]!.servers} VPN servers, written in ${((performance.now() - start) / 1_000).toFixed(0)} s`,
  );
  const full = await paths(owner, 'small');
  const row = (what: string, one: Measured, other: Measured, aim: string) => [
    what,
    ms(one.p50),
    ms(other.p50),
    (other.p50 / one.p50).toFixed(2),
    aim,
  ];
  print('');
  print(
    table(
      ['p50, SQL through the store, 1 at once', 'empty ms', 'full ms', 'ratio', 'aim'],
      [
        row('register a device', empty.register, full.register, '≤ 1.5'),
        row('list a user’s devices', empty.list, full.list, '≤ 2'),
        row('a page of a tenant’s devices', empty.page, full.page, '≤ 2'),
        row(`a tenant’s usage per day, ${DAYS} days of 5 devices`, empty.usage, full.usage, '≤ 2'),
      ],
    ),
  );
  const begun = performance.now();
  await usagePerDay(owner);
  print(
    `usage per day of the tenant that has all of them: ${ms(performance.now() - begun)} ms for ${rows[0]!.devices} device-days`,
  );
  const look = await quietLook();
  print('');
  print(
    `quiet look at all: ${JSON.stringify(look.counts)}, ${ms(look.wall)} ms; CPU ${((look.own + look.inPostgres) / 1_000).toFixed(2)} s (this process ${(look.own / 1_000).toFixed(2)}, every PostgreSQL of the machine ${(look.inPostgres / 1_000).toFixed(2)}), aim < 5 s`,
  );
  const file = process.env['BENCH_OUTPUT'];
  if (file !== undefined) await writeFile(file, `${lines.join('\n')}\n`);
});

test('the API’s memory with a link to each of a thousand VPN servers', { timeout: 300_000 }, async () => {
  await database.pool.query('CREATE DATABASE links');
  const url = postgres.url.map((text) => text.replace(/\/cvault$/, '/links'));
  await migrate(url.reveal());
  const links = openDatabase(url, { role: null, connections: 2 });
  const secrets = makeSecrets();
  try {
    await links.pool.query(
      `INSERT INTO servers (id, name, region, state, transport, endpoint_host, endpoint_port, interface_name, public_key)
       SELECT gen_random_uuid(), 'link ' || n, 'links', 'active', 'memory', '203.0.113.1', 51820, 'wg0', sha256(('link' || n)::bytea)
       FROM generate_series(1, $1::int) AS n`,
      [SERVERS],
    );
    const plane = await startControlPlane(url.reveal(), secrets, { CVAULT_RECONCILE_SECONDS: '10' });
    try {
      await until(
        'all are linked and were looked at',
        async () => {
          // A scrape lists every VPN server, so it runs at Prometheus' pace.
          await sleep(5_000);
          const text = await must(
            callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY)<string>('GET', '/metrics'),
          );
          const quiet = /^cvault_looks_total\{outcome="quiet"\} (\d+)$/m.exec(text)?.[1];
          return Number(quiet) >= SERVERS;
        },
        120_000,
      );
      const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${plane.pid}/status`, 'utf8'))?.[1];
      print(
        `API with ${SERVERS} links, their simulated agents in the same process: ${Math.round(Number(rss) / 1024)} MB, aim < 300 MB`,
      );
    } finally {
      await plane.kill();
    }
  } finally {
    await links.close();
  }
});
