/**
 * Failures of PostgreSQL, Redis, disk, file descriptors and clock under load. The VPN server is simulated inside
 * the API process, since these failures are on its side.
 */
import { connect, type Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../packages/api/src/platform/db/database.ts';
import { aServer } from '../../packages/api/src/testing/fixtures.ts';
import { startTestRedis, type TestRedis } from '../../packages/api/src/testing/redis-server.ts';
import {
  asUser,
  type Call,
  createCaller,
  createUser,
  type DeviceBody,
  must,
  type TestUser,
} from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import { type CrashingPostgres, startCrashingPostgres } from '../harness/crashing-postgres.ts';
import { FAULT_SETTINGS, readMetric, untilHealthy } from '../harness/platform.ts';
import { mustRun } from '../harness/program.ts';
import { Random } from '../harness/random.ts';
import { inRound, say, seed } from '../harness/round.ts';
import { until } from '../harness/until.ts';

const SHIFT_CLOCK = fileURLToPath(new URL('../harness/shift-clock.mjs', import.meta.url));
const secrets = makeSecrets();
const random = new Random(seed);

let folder: string;
let postgres: CrashingPostgres;
let database: Database;
let redis: TestRedis;
let plane: ControlPlane;
let alice: TestUser;
let call: Call;

const openPlane = (settings: Record<string, string> = {}, nodeArguments: string[] = []) =>
  startControlPlane(postgres.url.reveal(), secrets, { ...FAULT_SETTINGS, ...settings }, nodeArguments);

/** @param files PostgreSQL's data folder */
async function setUp(files: string): Promise<void> {
  postgres = await startCrashingPostgres(files);
  database = openDatabase(postgres.url, { role: null, connections: 4, onConnectionLost: () => undefined });
  await aServer(database, { cidr: '10.80.0.0/16' });
  plane = await openPlane({ REDIS_URL: redis.url.reveal() });
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  call = asUser(plane.baseUrl, alice.apiKey, alice.accessToken);
}

async function tearDown(): Promise<void> {
  await plane?.kill();
  await database?.close();
  await postgres?.stop();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-faults-'));
  redis = await startTestRedis();
});
afterAll(async () => {
  await redis?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Changes that were answered 2xx, which must be in the database whatever happens. */
class Ledger {
  readonly #devices = new Map<string, 'there' | 'gone' | 'either'>();
  readonly statuses = new Map<number, number>();
  slowestRefusalMs = 0;
  #stopped = false;

  stop(): void {
    this.#stopped = true;
  }

  /** Registers and deletes a bounded number of times, until stopped. */
  async load(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, () => this.#client()));
  }

  async #client(): Promise<void> {
    for (let turn = 0; turn < 5_000 && !this.#stopped; turn++) {
      const made = await this.#timed(() => call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x' }));
      if (made === null || made.status > 299) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        continue;
      }
      this.#devices.set(made.body.id, 'there');
      if (random.next() < 0.5) continue;
      this.#devices.set(made.body.id, 'either');
      const removed = await this.#timed(() => call('DELETE', `/api/v1/devices/${made.body.id}`));
      if (removed !== null && removed.status < 300) this.#devices.set(made.body.id, 'gone');
    }
  }

  async #timed<T extends { status: number }>(ask: () => Promise<T>): Promise<T | null> {
    const start = performance.now();
    const answer = await ask().catch(() => null);
    const status = answer?.status ?? 0;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (status >= 500) this.slowestRefusalMs = Math.max(this.slowestRefusalMs, performance.now() - start);
    return answer;
  }

  async verify(): Promise<void> {
    const { rows } = await database.pool.query<{ id: string; state: string }>(
      'SELECT id, state FROM devices',
    );
    const states = new Map(rows.map(({ id, state }) => [id, state]));
    const wrong = [...this.#devices].filter(([id, what]) => {
      const state = states.get(id);
      if (what === 'there') return state !== 'live';
      return what === 'gone' ? state !== 'deleted' : state === undefined;
    });
    expect(wrong).toEqual([]);
    // 503 means "not now". Any other 5xx would mean that we do not know what we did.
    const faults = [...this.statuses.keys()].filter((status) => status >= 500 && status !== 503);
    expect(faults).toEqual([]);
    expect(this.statuses.get(201) ?? 0).toBeGreaterThan(0);
    say(
      `${this.#devices.size} devices answered for; ${JSON.stringify(Object.fromEntries(this.statuses))}; slowest refusal ${this.slowestRefusalMs.toFixed(0)} ms`,
    );
  }
}

describe('with a disk that holds', () => {
  beforeAll(() => setUp(join(folder, 'postgres')));
  afterAll(tearDown);
  afterEach(() => untilHealthy(database, plane.baseUrl, secrets));

  test('PostgreSQL is killed and restarted under load: every answered write is there', async () => {
    const { rows } = await database.pool.query<{ name: string; setting: string }>(
      "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
    );
    expect(rows.map(({ setting }) => setting)).toEqual(['on', 'on', 'on']);
    const ledger = new Ledger();
    const loading = ledger.load(6);
    for (let crash = 0; crash < inRound({ short: 3, full: 20 }); crash++) {
      await new Promise((resolve) => setTimeout(resolve, 500 + random.below(1_000)));
      await postgres.kill();
      await until('the API says that it cannot answer', async () => {
        const { status } = await call('GET', '/api/v1/devices');
        return status === 503;
      });
      await postgres.restart();
      await until(
        'it recovers unaided',
        async () => (await call('GET', '/api/v1/devices')).status === 200,
        60_000,
      );
      say(`PostgreSQL killed and back, crash ${crash + 1}`);
    }
    ledger.stop();
    await loading;
    await ledger.verify();
    const answers = await readMetric(
      plane.baseUrl,
      secrets,
      'cvault_http_request_duration_seconds_count',
      '5xx',
    );
    expect(answers, 'the refusals are counted').toBeGreaterThan(0);
  });

  test.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
    ['killed', () => redis.kill(), () => redis.restart()],
    [
      'frozen',
      async () => {
        redis.freeze();
        await Promise.resolve();
      },
      async () => {
        redis.thaw();
        await Promise.resolve();
      },
    ],
    ['flushed', () => mustRun(['redis-cli', '-u', redis.url.reveal(), 'FLUSHALL']), () => Promise.resolve()],
  ])(
    'Redis %s under load: nothing is lost, and passwords cannot be tried at will',
    async (how, fail, mend) => {
      // A new tenant: the previous fault's counts last a quarter of an hour.
      const bob = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, `Bob’s company, Redis ${how}`);
      await database.pool.query('UPDATE tenants SET auth_rate_limit = 5');
      const ledger = new Ledger();
      const loading = ledger.load(2);
      await fail();
      try {
        const guess = () =>
          createCaller(plane.baseUrl, { 'x-api-key': bob.apiKey })('POST', '/api/v1/auth/login', {
            email: 'someone@example.com',
            password: 'not the right password',
          });
        const statuses: number[] = [];
        for (let n = 0; n < 8; n++) statuses.push((await guess()).status);
        expect(statuses[0]).toBe(401);
        expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(5);
        expect(statuses.at(-1)).toBe(429);
      } finally {
        await mend();
        ledger.stop();
      }
      await loading;
      await ledger.verify();
      expect([...ledger.statuses.keys()].filter((status) => status >= 500)).toEqual([]);
    },
  );

  test('out of file descriptors: it refuses, survives, and serves again', async () => {
    const limit = 80;
    await mustRun(['prlimit', '--pid', String(plane.pid), `--nofile=${limit}:`]);
    const { hostname, port } = new URL(plane.baseUrl);
    const idle: Socket[] = Array.from({ length: limit * 2 }, () =>
      connect({ host: hostname, port: Number(port) }).on('error', () => undefined),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    for (const socket of idle) socket.destroy();
    await until(
      'it serves',
      async () => (await call('POST', '/api/v1/devices', { deviceName: 'x' })).status === 201,
    );
  });

  test.each([3_600_000, -3_600_000])('an API whose clock is off by %i ms does the same', async (shift) => {
    await plane.kill();
    plane = await openPlane({ CVAULT_TEST_CLOCK_MS: String(shift) }, ['--import', SHIFT_CLOCK]);
    // The guesses above also count against the correct password.
    await database.pool.query('DELETE FROM sign_in_tries');
    await database.pool.query('UPDATE tenants SET auth_rate_limit = 100');
    const { accessToken } = await must(
      createCaller(plane.baseUrl, { 'x-api-key': alice.apiKey })<{ accessToken: string }>(
        'POST',
        '/api/v1/auth/login',
        { email: 'someone@example.com', password: 'correct horse battery staple' },
      ),
    );
    call = asUser(plane.baseUrl, alice.apiKey, accessToken);
    const made = await must(call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x' }));
    expect(made.status).toBe('active');
    expect((await call('DELETE', `/api/v1/devices/${made.id}`)).status).toBe(204);
    const again = await must(call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x' }));
    expect(again.assignedIp, 'the freed address rests by the database’s clock').not.toBe(made.assignedIp);
    await plane.kill();
    plane = await openPlane();
    alice = { ...alice, accessToken: await signIn() };
    call = asUser(plane.baseUrl, alice.apiKey, alice.accessToken);
    expect((await call('GET', `/api/v1/devices/${again.id}`)).status).toBe(200);
  });

  test('ten times a pool’s devices are registered and deleted: it never shrinks, and no address returns too early', async () => {
    const region = 'churn';
    const server = await aServer(database, { region, cidr: '10.90.0.0/28' });
    const states = async () =>
      (
        await database.pool.query<{ state: string; count: number }>(
          "SELECT count(*) AS count, count(*) FILTER (WHERE state IN ('held', 'draining')) AS held FROM ip_pool WHERE server_id = $1",
          [server.id],
        )
      ).rows[0];
    const size = 13;
    await until('it is linked', async () => {
      const { status, body } = await call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x', region });
      if (status <= 202) await call('DELETE', `/api/v1/devices/${body.id}`);
      return status === 201;
    });
    let turns = 0;
    const client = async () => {
      while (turns++ < 10 * size) {
        const made = await until('an address is free', async () => {
          const answer = await call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'x', region });
          if (answer.status === 409) return undefined;
          return answer.status === 201 ? answer.body : Promise.reject(new Error(String(answer.status)));
        });
        await must(call('DELETE', `/api/v1/devices/${made.id}`));
      }
    };
    await Promise.all([client(), client(), client(), client()]);
    expect(await states()).toEqual({ count: size, held: 0 });
    const { rows } = await database.pool.query<{ early: number; leases: number }>(
      `SELECT count(*) AS leases, count(*) FILTER (WHERE created_at < freed + interval '1 second') AS early FROM (
         SELECT created_at, lag(removed_at) OVER (PARTITION BY assigned_ip ORDER BY created_at) AS freed
         FROM devices WHERE server_id = $1) AS history`,
      [server.id],
    );
    expect(rows[0]?.early).toBe(0);
    expect(rows[0]?.leases).toBeGreaterThanOrEqual(10 * size);
  });
});

async function signIn(): Promise<string> {
  const { accessToken } = await must(
    createCaller(plane.baseUrl, { 'x-api-key': alice.apiKey })<{ accessToken: string }>(
      'POST',
      '/api/v1/auth/login',
      { email: 'someone@example.com', password: 'correct horse battery staple' },
    ),
  );
  return accessToken;
}

describe('with a disk that runs full', () => {
  let disk: string;
  beforeEach(async () => {
    disk = join(folder, 'small-disk');
    await mustRun(['mkdir', disk]);
    await mustRun(['mount', '-t', 'tmpfs', '-o', 'size=256m,mode=700', 'tmpfs', disk]);
    await setUp(join(disk, 'postgres'));
  });
  afterEach(async () => {
    await tearDown();
    await mustRun(['umount', '--lazy', disk]);
  });

  test('nothing that was answered is lost, the rest is refused, and it recovers when there is space', async () => {
    const ledger = new Ledger();
    const loading = ledger.load(4);
    const filler = join(disk, 'filler');
    await until('it is under load', () => Promise.resolve((ledger.statuses.get(201) ?? 0) > 20));
    await writeFile(filler, Buffer.alloc(1 << 20)).catch(() => undefined);
    await mustRun(['sh', '-c', 'dd if=/dev/zero of="$0" bs=1M 2>/dev/null || true', filler]);
    // Too large for any existing page or log file.
    await database.pool
      .query(
        'CREATE TABLE ballast AS SELECT repeat(md5(n::text), 100) AS text FROM generate_series(1, 200000) AS n',
      )
      .catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await rm(filler);
    if (!postgres.isRunning()) {
      say('PostgreSQL stopped safely on the full disk');
      await postgres.restart();
    }
    await until(
      'it goes on',
      async () => (await call('POST', '/api/v1/devices', { deviceName: 'x' })).status === 201,
    );
    ledger.stop();
    await loading;
    await ledger.verify();
    await untilHealthy(database, plane.baseUrl, secrets);
  });
});
