/**
 * Whether the time of a refused sign-in reveals that a user exists. Wrong passwords for existing and non-existing
 * users alternate; a Mann-Whitney test compares the times.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { type Call, callAsAdmin, createCaller, must } from '../e2e/harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../e2e/harness/control-plane.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import { table } from './measure.ts';

const PAIRS = Number(process.env['BENCH_PAIRS'] ?? 100);
const PASSWORD = 'correct horse battery staple';

const secrets = makeSecrets();
let folder: string;
let postgres: EmbeddedPostgres;
let plane: ControlPlane;
let backend: Call;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  postgres = await startEmbeddedPostgres(folder);
  await migrate(postgres.url.reveal());
  plane = await startControlPlane(postgres.url.reveal(), secrets);
  const admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  const limits = { authRateLimit: 1_000_000, authRateWindowSeconds: 1 };
  const { id } = await must(
    admin<{ id: string }>('POST', '/api/v1/admin/tenants', { name: 'bench', ...limits }),
  );
  const { key } = await must(
    admin<{ key: string }>('POST', `/api/v1/admin/tenants/${id}/api-keys`, { name: 'bench', mode: 'live' }),
  );
  backend = createCaller(plane.baseUrl, { 'x-api-key': key });
});
afterAll(async () => {
  await plane?.stop();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function refused(email: string): Promise<number> {
  const start = performance.now();
  const { status } = await backend('POST', '/api/v1/auth/login', { email, password: 'a wrong password' });
  if (status !== 401) throw new Error(`answered ${status}`);
  return performance.now() - start;
}

/** Two-sided, by the normal approximation, which is good from about twenty values. Assumes distinct times. */
function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const ranked = [...a.map((time) => ({ time, of: a })), ...b.map((time) => ({ time, of: b }))].sort(
    (one, other) => one.time - other.time,
  );
  const ranks = ranked.reduce((sum, { of }, at) => (of === a ? sum + at + 1 : sum), 0);
  const u = ranks - (a.length * (a.length + 1)) / 2;
  const mean = (a.length * b.length) / 2;
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
  return erfc(Math.abs(u - mean) / deviation / Math.SQRT2);
}

/** Abramowitz and Stegun, 7.1.26: exact to 1.5e-7. */
function erfc(x: number): number {
  const t = 1 / (1 + 0.3275911 * x);
  const factors = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  return factors.reduce((sum, factor) => (sum + factor) * t, 0) * Math.exp(-x * x);
}

const middle = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1]!;

test('the time of a refused sign-in', { timeout: 900_000 }, async () => {
  const emails = Array.from({ length: PAIRS }, () => `${randomUUID()}@example.com`);
  for (const email of emails) {
    await must(backend('POST', '/api/v1/auth/register', { email, password: PASSWORD }));
  }
  const [known, unknown]: [number[], number[]] = [[], []];
  for (const email of emails) {
    known.push(await refused(email));
    unknown.push(await refused(`${randomUUID()}@example.com`));
  }
  const p = mannWhitney(known, unknown);
  process.stdout.write(
    `\n${table(
      [`wrong password, ${PAIRS} each`, 'p50 ms'],
      [
        ['of a user that there is', middle(known).toFixed(1)],
        ['of one that there is not', middle(unknown).toFixed(1)],
      ],
    )}\nMann-Whitney: p = ${p.toFixed(3)}, aim > 0.01\n`,
  );
});
