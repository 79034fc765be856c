/**
 * The cost of row-level security for a registration: the same SQL once as the tables' owner with implicit
 * transactions, and once with a tenant's role and transaction. Both alternate in one run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from '../packages/api/src/devices/ports.ts';
import type pg from 'pg';
import { afterAll, beforeAll, test } from 'vitest';
import { type Database, openDatabase } from '../packages/api/src/platform/db/database.ts';
import { registerDevice } from '../packages/api/src/devices/register.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../packages/api/src/platform/db/embedded.ts';
import { createIdentityStore } from '../packages/api/src/platform/access/identities.ts';
import { migrate } from '../packages/api/src/platform/db/migrate.ts';
import type { DatabaseRole } from '../packages/api/src/platform/db/roles.ts';
import { aDevice, aServer, aTenantWithUser } from '../packages/api/src/testing/fixtures.ts';
import { measure, table } from './measure.ts';

const TENANTS = 8;
const ROUNDS = 6;
const COUNT = 500;
const CONCURRENCIES = [1, 8] as const;

let folder: string;
let postgres: EmbeddedPostgres;
const open = new Map<string, Database>();
let owners: Owner[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  postgres = await startEmbeddedPostgres(folder);
  await migrate(postgres.url.reveal());
  const as = (name: string, role: DatabaseRole | null) =>
    open.set(name, openDatabase(postgres.url, { role, connections: 8 }));
  as('owner', null);
  as('api', 'cvault_api');
  as('authentication', 'cvault_authenticator');
  await aServer(open.get('owner')!, { cidr: '10.64.0.0/16' });
  owners = await Promise.all(Array.from({ length: TENANTS }, () => aTenantWithUser(open.get('owner')!)));
});

afterAll(async () => {
  for (const database of open.values()) await database.close();
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Drops BEGIN and COMMIT, so that each statement is its own transaction. */
function withoutTransactions(pool: pg.Pool): pg.Pool {
  const skipped = /^(BEGIN|COMMIT)/;
  return {
    async connect() {
      const client = await pool.connect();
      return {
        query: (query: string | pg.QueryConfig) =>
          typeof query === 'string' && skipped.test(query) ? Promise.resolve() : client.query(query),
        release: (broken: boolean) => client.release(broken),
      };
    },
  } as unknown as pg.Pool;
}

/** The look-up of the sender and the registration. */
async function registrations(walled: boolean, concurrency: number) {
  const identities = createIdentityStore(open.get(walled ? 'authentication' : 'owner')!);
  const pool = walled ? open.get('api')!.pool : withoutTransactions(open.get('owner')!.pool);
  const nobody = Buffer.alloc(32);
  return measure(COUNT, concurrency, async (n) => {
    const device = aDevice(owners[n % TENANTS]!);
    await identities.find(nobody, null, { userId: device.userId, signInId: device.userId });
    await registerDevice(pool, device, 3_600_000);
  });
}

test('tenancy', { timeout: 600_000 }, async () => {
  const rows: string[][] = [];
  for (const concurrency of CONCURRENCIES) {
    const ratios: number[] = [];
    const p50 = { before: [] as number[], after: [] as number[] };
    for (let round = 0; round <= ROUNDS; round++) {
      const before = await registrations(false, concurrency);
      const after = await registrations(true, concurrency);
      // The first round prepares the statements.
      if (round === 0) continue;
      p50.before.push(before.p50);
      p50.after.push(after.p50);
      ratios.push(after.p50 / before.p50);
    }
    const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    rows.push([
      String(concurrency),
      middle(p50.before).toFixed(2),
      middle(p50.after).toFixed(2),
      middle(ratios).toFixed(3),
      '≤ 1.15',
    ]);
  }
  process.stdout.write(`${table(['at once', 'before, p50 ms', 'walled, p50 ms', 'ratio', 'aim'], rows)}\n`);
});
