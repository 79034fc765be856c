/**
 * The API under more load than it can handle, and one tenant beside another that sends too much. Requests are sent
 * at fixed times, whether or not earlier ones are answered (an open loop). The load generator shares the same two
 * cores.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import {
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from '../e2e/harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../e2e/harness/control-plane.ts';
import { openDatabase } from '../packages/api/src/platform/db/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import { aServer } from '../packages/api/src/testing/fixtures.ts';
import { table } from './measure.ts';
import { type Connections, openConnections, rawRequest } from './raw-http.ts';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 60);
const TENANTS = 8;
const SETTLE_MS = 30_000;
/** One request in this many is a change. */
const WRITES_ONE_IN = 10;
const TICK_MS = 5;

const secrets = makeSecrets();
const lines: string[] = [];
let folder: string;
let postgres: EmbeddedPostgres;
let plane: ControlPlane;
let callers: Caller[];

const print = (text: string) => {
  lines.push(text);
  process.stdout.write(`${text}\n`);
};

/** A user's app: it lists its devices and renames one. */
interface Caller {
  readonly read: Buffer;
  readonly write: Buffer;
}

interface Answered {
  readonly status: number;
  readonly milliseconds: number;
  readonly retryAfter: boolean;
}

/** Persistent connections, like those of a load balancer. */
const CONNECTIONS = 1_024;
let connections: Connections;

/** @returns status 0 without an answer */
async function ask({ read, write }: Caller, writes: boolean): Promise<Answered> {
  const start = performance.now();
  const { status, head } = await connections.ask(writes ? write : read);
  return { status, milliseconds: performance.now() - start, retryAfter: /\r\nretry-after: /i.test(head) };
}

const mixed = (n: number): [Caller, boolean] => [callers[n % TENANTS]!, n % WRITES_ONE_IN === 0];

/** Each caller sends its next request after the answer. */
async function closedLoop(atOnce: number, seconds: number): Promise<Answered[]> {
  const answers: Answered[] = [];
  const end = performance.now() + seconds * 1_000;
  let n = 0;
  const loop = async () => {
    while (performance.now() < end) answers.push(await ask(...mixed(n++)));
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  return answers;
}

/** Sends requests at fixed times. */
async function openLoop(
  perSecond: number,
  seconds: number,
  next: (n: number) => [Caller, boolean],
): Promise<Answered[]> {
  const answers: Promise<Answered>[] = [];
  const start = performance.now();
  for (let at = 0; at < seconds * 1_000; at = performance.now() - start) {
    while (answers.length < (at / 1_000) * perSecond) answers.push(ask(...next(answers.length)));
    await sleep(TICK_MS);
  }
  return Promise.all(answers);
}

const good = (answers: readonly Answered[]) => answers.filter(({ status }) => status >= 200 && status < 300);

function latency(answers: readonly Answered[], share: number): number {
  const sorted = good(answers)
    .map(({ milliseconds }) => milliseconds)
    .sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0);
const memory = () =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${plane.pid}/status`, 'utf8'))?.[1]) / 1_024);

async function aCaller(name: string, limits: object): Promise<Caller> {
  const user: TestUser = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, name);
  const admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  await must(admin('PATCH', `/api/v1/admin/tenants/${user.tenantId}`, limits));
  const device: DeviceBody = await must(registerDevice(user));
  const headers = { 'x-api-key': user.apiKey, authorization: `Bearer ${user.accessToken}` };
  return {
    read: rawRequest('GET', '/api/v1/devices', headers),
    write: rawRequest('PATCH', `/api/v1/devices/${device.id}`, headers, { deviceName: 'phone' }),
  };
}

/** Above the rate limits, which would hide the machine's own limit. */
const UNLIMITED = {
  tenantRateLimit: 1_000_000,
  keyRateLimit: 1_000_000,
  userRateLimit: 1_000_000,
  clientRateLimit: 1_000_000,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  postgres = await startEmbeddedPostgres(folder);
  await migrate(postgres.url.reveal());
  const database = openDatabase(postgres.url, { role: null, connections: 2 });
  await aServer(database, { cidr: '10.64.0.0/16' });
  await database.close();
  plane = await startControlPlane(postgres.url.reveal(), secrets);
  callers = [];
  for (let n = 0; n < TENANTS; n++) callers.push(await aCaller(`Tenant ${n}`, UNLIMITED));
  connections = await openConnections(plane.baseUrl, CONNECTIONS);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const [cpu] = cpus();
  print(
    `\nmachine: ${cpus().length} × ${cpu!.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}; ` +
      `load before ${loadavg()[0]!.toFixed(2)}; commit ${commit}`,
  );
});
afterAll(async () => {
  connections?.close();
  await plane?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
  const file = process.env['BENCH_OUTPUT'];
  if (file !== undefined) await writeFile(file, `${lines.join('\n')}\n`);
});

test('twice as much as it can do', { timeout: (SECONDS + 120) * 1_000 }, async () => {
  await closedLoop(64, 5);
  const seconds = 15;
  const peak = await closedLoop(64, seconds);
  const perSecond = good(peak).length / seconds;
  const before = memory();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, memory())), 500);
  const over = await openLoop(2 * perSecond, SECONDS, mixed);
  clearInterval(watch);
  const ended = performance.now();
  // Recovered: half of the peak is answered as fast as before the load, for a second.
  let recovered = NaN;
  while (Number.isNaN(recovered) && performance.now() - ended < SETTLE_MS) {
    const probe = await openLoop(perSecond / 2, 1, mixed);
    if (good(probe).length === probe.length && latency(probe, 0.99) < latency(peak, 0.99)) {
      recovered = performance.now() - ended;
    }
  }
  const refused = over.filter(({ status }) => status === 503 || status === 429);
  const lost = over.length - good(over).length - refused.length;
  const goodput = good(over).length / SECONDS;
  print(
    table(
      ['nine reads and a change, 8 tenants', 'peak', `twice the peak, ${SECONDS} s`, 'aim'],
      [
        ['asked for per second', '64 at once', (over.length / SECONDS).toFixed(0), ''],
        ['answered well per second', perSecond.toFixed(0), goodput.toFixed(0), ''],
        ['goodput of peak', '', `${((100 * goodput) / perSecond).toFixed(0)} %`, '≥ 80 %'],
        ['p50 of what was accepted, ms', ms(latency(peak, 0.5)), ms(latency(over, 0.5)), ''],
        ['p99 of what was accepted, ms', ms(latency(peak, 0.99)), ms(latency(over, 0.99)), '< 2000'],
        ['refused with 503', '', String(refused.length), ''],
        [
          '… that say when to come again',
          '',
          String(refused.filter(({ retryAfter }) => retryAfter).length),
          'all',
        ],
        ['answered in any other way, or not', '', String(lost), '0'],
        ['memory of the API, MB', String(before), `at most ${most}`, ''],
        ['as fast as before after, ms', '', ms(recovered), '≤ 30000'],
      ],
    ),
  );
});

test('one tenant asks twice as much as it may', { timeout: 180_000 }, async () => {
  const quiet = callers[0]!;
  // With the limits of a new tenant: 6,000 requests a minute per user.
  const loud = await aCaller('Loud', {});
  const asksItself = () => openLoop(50, 20, (n) => [quiet, n % WRITES_ONE_IN === 0]);
  const rows = [];
  for (let round = 1; round <= 3; round++) {
    const alone = await asksItself();
    const [beside, others] = await Promise.all([asksItself(), openLoop(200, 20, () => [loud, false])]);
    const ratio = (share: number) => (latency(beside, share) / latency(alone, share)).toFixed(2);
    rows.push([
      String(round),
      `${ms(latency(alone, 0.5))} / ${ms(latency(alone, 0.99))}`,
      `${ms(latency(beside, 0.5))} / ${ms(latency(beside, 0.99))}`,
      ratio(0.5),
      ratio(0.99),
      `${others.filter(({ status }) => status === 429).length} of ${others.length}`,
    ]);
  }
  print('');
  print(
    table(
      [
        'round',
        'alone, p50 / p99 ms',
        'beside another',
        'ratio p50',
        'ratio p99 (aim ≤ 1.2)',
        'the other was refused',
      ],
      rows,
    ),
  );
});
