/** Load and faults together for any time; invariants are checked every ten seconds. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeKey, generateKeyPair } from '@cvault/wireguard';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../packages/api/src/platform/db/database.ts';
import { createDoctorStore } from '../../packages/api/src/doctor/store.ts';
import { startTestRedis, type TestRedis } from '../../packages/api/src/testing/redis-server.ts';
import { asUser, createUser, type DeviceBody, type TestUser } from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import { type CrashingPostgres, startCrashingPostgres } from '../harness/crashing-postgres.ts';
import { FAULT_SETTINGS, type SshVpnServer, startSshVpnServer, untilHealthy } from '../harness/platform.ts';
import { Random } from '../harness/random.ts';
import { say, seed } from '../harness/round.ts';
import { until } from '../harness/until.ts';
import { processIds } from '../harness/vpn-server.ts';

const MINUTES = Number(process.env['CVAULT_SOAK_MINUTES'] ?? 20);
const LOOK_EVERY_MS = 10_000;
const CLIENTS = 4;
/** Names of faults, separated by commas; all by default. */
const ONLY = process.env['CVAULT_SOAK_FAULTS']?.split(',');

const secrets = makeSecrets();
const random = new Random(seed);
let folder: string;
let postgres: CrashingPostgres;
let redis: TestRedis;
let database: Database;
let planes: ControlPlane[];
let vpn: SshVpnServer;
let alice: TestUser;

const openPlane = () =>
  startControlPlane(postgres.url.reveal(), secrets, { ...FAULT_SETTINGS, REDIS_URL: redis.url.reveal() });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-soak-'));
  [postgres, redis] = await Promise.all([startCrashingPostgres(join(folder, 'postgres')), startTestRedis()]);
  database = openDatabase(postgres.url, { role: null, connections: 4 });
  planes = [await openPlane(), await openPlane()];
  vpn = await startSshVpnServer(planes[0]!, secrets, { poolCidr: '10.73.0.0/20', region: 'soak' });
  alice = await createUser(planes[0]!.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  // Its access token ends after 15 minutes; callers then sign in again.
});
/** Keeps the API processes' logs of a failed soak, since nothing else explains it hours later. */
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const [index, plane] of (planes ?? []).entries()) {
    const file = join(tmpdir(), `cvault-soak-seed-${seed}-api-${index + 1}.log`);
    await writeFile(file, plane.log(), { mode: 0o600 });
    say(`soak: the log of API ${index + 1} is in ${file}`);
  }
});
afterAll(async () => {
  await Promise.all((planes ?? []).map((plane) => plane.kill()));
  await vpn?.stop();
  await database?.close();
  await postgres?.stop();
  await redis?.close();
  await rm(folder, { recursive: true, force: true });
});

const answers = new Map<number, number>();
const devices = new Map<string, 'there' | 'gone' | 'either'>();
let over = false;

async function signInAgain(baseUrl: string): Promise<void> {
  const response = await fetch(`${baseUrl}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'x-api-key': alice.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'someone@example.com', password: 'correct horse battery staple' }),
  });
  if (!response.ok) return;
  const { accessToken } = (await response.json()) as { accessToken: string };
  alice = { ...alice, accessToken };
}

async function client(): Promise<void> {
  while (!over) {
    const { baseUrl } = random.pick(planes);
    const call = asUser(baseUrl, alice.apiKey, alice.accessToken);
    const ask = async <T>(method: string, path: string, body?: unknown) => {
      const answer = await call<T>(method, path, body).catch(() => null);
      const status = answer?.status ?? 0;
      answers.set(status, (answers.get(status) ?? 0) + 1);
      return answer;
    };
    const made = await ask<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'soak', region: 'soak' });
    if (made?.status === 401) await signInAgain(baseUrl).catch(() => undefined);
    if (made !== null && made.status < 300) devices.set(made.body.id, 'there');
    const old = [...devices].find(([, what]) => what === 'there')?.[0];
    if (old !== undefined && (devices.size > 50 || random.next() < 0.5)) {
      devices.set(old, 'either');
      const removed = await ask('DELETE', `/api/v1/devices/${old}`);
      if (removed !== null && removed.status < 300) devices.set(old, 'gone');
    }
    await new Promise((resolve) => setTimeout(resolve, 20 + random.below(200)));
  }
}

async function killOnHost(pattern: string): Promise<void> {
  const pids = await processIds(vpn.host, pattern);
  if (pids.length > 0) await vpn.host.run(['kill', '-9', ...pids]);
}

const faults: Record<string, () => Promise<void>> = {
  'API killed': async () => {
    const index = random.below(planes.length);
    await planes[index]!.kill();
    planes[index] = await openPlane();
  },
  'API frozen': async () => {
    const { pid } = random.pick(planes);
    process.kill(pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    process.kill(pid, 'SIGCONT');
  },
  'agent killed': () => killOnHost('agent.mjs serve'),
  'interface killed': () => killOnHost('wireguard-go'),
  'SSH cut': () => killOnHost('agent.mjs relay'),
  'VPN server unreachable': async () => {
    const link = (state: string) => vpn.network.namespace.run('ip', ['link', 'set', 'mgmt', state]);
    await link('down');
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    await link('up');
  },
  'peer made by hand': async () => {
    const key = encodeKey(generateKeyPair().publicKey);
    await vpn.host.run(['wg', 'set', 'wg0', 'peer', key, 'allowed-ips', '10.73.15.250/32']);
  },
  'peer removed by hand': async () => {
    const [line] = await vpn.peers();
    if (line !== undefined) await vpn.host.run(['wg', 'set', 'wg0', 'peer', line.split('\t')[0]!, 'remove']);
  },
  'PostgreSQL killed': async () => {
    await postgres.kill();
    await postgres.restart();
  },
  'Redis frozen': async () => {
    redis.freeze();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    redis.thaw();
  },
};

/** Memory and open files of the API processes, and PostgreSQL's connections. */
async function resources(): Promise<string> {
  const processes = planes.map(({ pid }) => {
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return `${Math.round(Number(rss) / 1024)} MB, ${readdirSync(`/proc/${pid}/fd`).length} files`;
  });
  const { rows } = await database.pool.query<{ open: number }>(
    "SELECT count(*) AS open FROM pg_stat_activity WHERE application_name = 'cvault'",
  );
  return `${processes.join('; ')}; ${rows[0]?.open ?? 0} connections`;
}

test('soak', { timeout: (MINUTES * 60 + 300) * 1_000 }, async () => {
  say(`soak: ${MINUTES} minutes, seed ${seed}, load before ${loadavg()[0]!.toFixed(2)}`);
  const end = Date.now() + MINUTES * 60_000;
  const clients = Array.from({ length: CLIENTS }, client);
  const done = new Map<string, number>();
  const looking = (async () => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      // While PostgreSQL is down, nothing can be checked; the clients make sure that it returns.
      const findings = await createDoctorStore(database)
        .examine()
        .catch(() => []);
      // Stuck devices are only judged at rest: under faults, a VPN server may come and go within a minute.
      const broken = findings.filter(({ breach }) => breach !== 'stuck_pending');
      if (broken.length > 0) throw new Error(JSON.stringify(broken));
    }
  })();
  try {
    while (Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 2_000 + random.below(6_000)));
      const name = random.pick(ONLY ?? Object.keys(faults));
      await faults[name]!();
      done.set(name, (done.get(name) ?? 0) + 1);
      await until('the API answers', async () => (await fetch(`${planes[0]!.baseUrl}/readyz`)).ok, 60_000);
      say(`soak: ${name}; ${await resources().catch(() => 'PostgreSQL is on its way')}`);
      await Promise.race([looking, Promise.resolve()]);
    }
  } finally {
    over = true;
  }
  await Promise.all([...clients, looking]);
  await untilHealthy(database, planes[0]!.baseUrl, secrets);
  const { rows } = await database.pool.query<{ id: string; state: string }>('SELECT id, state FROM devices');
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  const lost = [...devices].filter(([id, what]) =>
    what === 'there' ? states.get(id) !== 'live' : what === 'gone' && states.get(id) !== 'deleted',
  );
  expect(lost).toEqual([]);
  const unknown = [...answers.keys()].filter((status) => status >= 500 && status !== 503);
  expect(unknown).toEqual([]);
  say(`soak: faults ${JSON.stringify(Object.fromEntries(done))}`);
  say(`soak: answers ${JSON.stringify(Object.fromEntries(answers))}, ${devices.size} devices, none lost`);
});
