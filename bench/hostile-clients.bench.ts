/**
 * Compares a well-behaved tenant's answer times with and without 500 hostile sockets, alternately in one run.
 * Everything shares the same cores; the hostile clients have their own process.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { createUser, type DeviceBody, must, registerDevice } from '../e2e/harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../e2e/harness/control-plane.ts';
import { startHostileClients } from '../e2e/harness/hostile-clients.ts';
import { openDatabase } from '../packages/api/src/platform/db/database.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import { aServer } from '../packages/api/src/testing/fixtures.ts';
import { table } from './measure.ts';
import { type Connections, openConnections, rawRequest } from './raw-http.ts';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 60);
const ROUNDS = 3;
const SOCKETS = 500;
const PER_SECOND = 50;
const WRITES_ONE_IN = 10;
const CONNECTIONS = 64;
/** For the first rush of 500 connections, and for each client's burst. */
const SETTLE_MS = 5_000;

const secrets = makeSecrets();
let folder: string;
let postgres: EmbeddedPostgres;
let plane: ControlPlane;
let connections: Connections;
let read: Buffer;
let write: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  postgres = await startEmbeddedPostgres(join(folder, 'postgres'));
  await migrate(postgres.url.reveal());
  const database = openDatabase(postgres.url, { role: null, connections: 2 });
  await aServer(database);
  await database.close();
  plane = await startControlPlane(postgres.url.reveal(), secrets);
  const user = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  const device: DeviceBody = await must(registerDevice(user));
  const headers = { 'x-api-key': user.apiKey, authorization: `Bearer ${user.accessToken}` };
  read = rawRequest('GET', '/api/v1/devices', headers);
  write = rawRequest('PATCH', `/api/v1/devices/${device.id}`, headers, { deviceName: 'laptop' });
  connections = await openConnections(plane.baseUrl, CONNECTIONS);
});
afterAll(async () => {
  connections?.close();
  await plane?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Round {
  readonly asked: number;
  readonly refused: number;
  readonly p50: number;
  readonly p99: number;
}

/** Sends requests at fixed times. */
async function behave(seconds: number): Promise<Round> {
  const times: number[] = [];
  let refused = 0;
  const ask = async (n: number) => {
    const start = performance.now();
    const { status } = await connections.ask(n % WRITES_ONE_IN === 0 ? write : read);
    if (status >= 200 && status < 300) times.push(performance.now() - start);
    else refused++;
  };
  const asked: Promise<void>[] = [];
  const start = performance.now();
  for (let at = 0; at < seconds * 1_000; at = performance.now() - start) {
    while (asked.length < (at / 1_000) * PER_SECOND) asked.push(ask(asked.length));
    await sleep(5);
  }
  await Promise.all(asked);
  times.sort((a, b) => a - b);
  const share = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
  return { asked: asked.length, refused, p50: share(0.5), p99: share(0.99) };
}

const ms = (value: number) => value.toFixed(1);

test('500 hostile sockets beside a tenant', { timeout: ROUNDS * (2 * SECONDS + 60) * 1_000 }, async () => {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim();
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GB, load ${loadavg()[0]?.toFixed(2)}, Node ${process.version}, commit ${commit}\n`,
  );
  await behave(5);
  const rows = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const alone = await behave(SECONDS);
    const hostile = await startHostileClients(plane.baseUrl, SOCKETS);
    await sleep(SETTLE_MS);
    const beside = await behave(SECONDS);
    const deeds = Object.values(await hostile.stop());
    const answers = deeds.flatMap(({ statuses }) => Object.values(statuses)).reduce((sum, n) => sum + n, 0);
    rows.push([
      String(round),
      `${ms(alone.p50)} / ${ms(alone.p99)}`,
      `${ms(beside.p50)} / ${ms(beside.p99)}`,
      (beside.p50 / alone.p50).toFixed(2),
      (beside.p99 / alone.p99).toFixed(2),
      `${beside.refused} of ${beside.asked}`,
      `${Math.round(answers / (SECONDS + SETTLE_MS / 1_000))}/s`,
      loadavg()[0]!.toFixed(1),
    ]);
    await sleep(SETTLE_MS);
  }
  process.stdout.write(
    `${table(
      [
        'round',
        'alone, p50 / p99 ms',
        'beside 500 hostile sockets',
        'ratio p50',
        'ratio p99 (aim ≤ 1.5)',
        'refused (aim 0)',
        'hostile answers',
        'load',
      ],
      rows,
    )}\n`,
  );
});
