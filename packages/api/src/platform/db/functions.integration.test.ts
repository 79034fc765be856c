/** The files in prisma/functions and prisma/triggers are what the database has, however it came to be. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { urlOfDatabase } from '../../testing/postgres-server.ts';
import { readFunctions, readHistory } from './functions.ts';
import { migrate } from './migrate.ts';

/** Every function and trigger of ours, as PostgreSQL would write it down, with who may call it. */
async function definitions(db: pg.Pool | pg.Client): Promise<Record<string, string>> {
  const { rows } = await db.query<{ name: string; text: string }>(`
    SELECT p.oid::regprocedure::text AS name, concat_ws(E'\\n', pg_get_functiondef(p.oid), p.proacl::text) AS text
    FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT tgname || ' on ' || tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1`);
  return Object.fromEntries(rows.map(({ name, text }) => [name, text]));
}

/** Tells every function and trigger that was made anew: replacing one writes its row, even where nothing changes. */
async function versions(db: pg.Pool): Promise<unknown[]> {
  const { rows } = await db.query<{ oid: number; xmin: string }>(`
    SELECT oid, xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT oid, xmin FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`);
  return rows;
}

let database: TestDatabase;
let wanted: Record<string, string>;
const url = () => database.url.reveal();

beforeEach(async () => {
  database = await createTestDatabase(2);
  wanted = await definitions(database.pool);
});
afterEach(() => database.close());

const HOLLOW = `
  CREATE OR REPLACE FUNCTION "end_sessions"() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  DROP TRIGGER "devices_end_sessions" ON "devices";
  GRANT EXECUTE ON FUNCTION "keep_audit"(regclass, text, text[]) TO PUBLIC`;

test('each function and trigger of the database comes from a file', async () => {
  expect(Object.keys(wanted).length).toBeGreaterThan(50);
  // Policies and checks that use the functions go with them: this database is done with afterwards.
  await database.pool.query(`
    DO $$ DECLARE f regprocedure; BEGIN
      FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', f);
      END LOOP;
    END $$;
    DELETE FROM applied_functions`);
  expect(await definitions(database.pool)).toEqual({});
  expect(await migrate(url())).toEqual({ migrations: [], functions: true });
  expect(await definitions(database.pool)).toEqual(wanted);
});

test('a database of an older build ends with the same functions, triggers and grants as a new one', async () => {
  await database.pool.query(HOLLOW);
  expect(await definitions(database.pool)).not.toEqual(wanted);
  // The build before functions had files of their own left no note.
  await database.pool.query('DELETE FROM applied_functions');
  await migrate(url());
  expect(await definitions(database.pool)).toEqual(wanted);

  await database.pool.query(HOLLOW);
  const [oldest] = await readHistory();
  await database.pool.query('UPDATE applied_functions SET hash = $1', [oldest]);
  const isNewest = oldest === (await readFunctions()).hash;
  expect((await migrate(url())).functions).toBe(!isNewest);
  if (!isNewest) expect(await definitions(database.pool)).toEqual(wanted);
});

test('a second start replaces nothing', async () => {
  const before = await versions(database.pool);
  expect(await Promise.all([migrate(url()), migrate(url())])).toEqual([
    { migrations: [], functions: false },
    { migrations: [], functions: false },
  ]);
  expect(await versions(database.pool)).toEqual(before);
});

test('an old replica that is started again leaves the functions of a newer build alone', async () => {
  await database.pool.query("UPDATE applied_functions SET hash = 'of a newer build'");
  await database.pool.query(HOLLOW);
  const newer = await definitions(database.pool);
  expect(await migrate(url())).toEqual({ migrations: [], functions: false });
  expect(await definitions(database.pool)).toEqual(newer);
});

test('a column that a migration adds gets into the triggers of the audit log', async () => {
  await database.pool.query('ALTER TABLE "pools" ADD COLUMN "colour" TEXT');
  await database.pool.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES ('x', 'x', 'x', clock_timestamp(), 1)`,
  );
  expect(await migrate(url())).toEqual({ migrations: [], functions: true });
  expect((await definitions(database.pool))['audit_update on pools']).toMatch(/UPDATE OF .*colour/);
  expect((await migrate(url())).functions).toBe(false);
});

test('triggers are replaced after a long transaction that writes to their table, and do not block others behind it', async () => {
  await database.pool.query('DELETE FROM applied_functions');
  const long = await database.pool.connect();
  await long.query('BEGIN; UPDATE "pools" SET "created_at" = now()');
  const migrated = migrate(url());
  // Once it has waited in vain and given way, its lock is not in anybody's way.
  await expect
    .poll(async () => {
      const { rows } = await database.pool.query<{ failed: boolean }>(
        `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND application_name = 'cvault migrate' AND query = 'ROLLBACK') AS failed`,
      );
      return rows[0]!.failed;
    })
    .toBe(true);
  await long.query('COMMIT');
  long.release();
  expect((await migrated).functions).toBe(true);
  expect(await definitions(database.pool)).toEqual(wanted);
});

test('the bodies of all functions pass PostgreSQL’s own check', async () => {
  const { script } = await readFunctions();
  await database.pool.query('SET check_function_bodies = on');
  await database.pool.query(script);
  expect(await definitions(database.pool)).toEqual(wanted);
});

let admin: pg.Client;
const name = `cvault_${randomBytes(6).toString('hex')}`;
beforeAll(async () => {
  admin = new pg.Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
});
afterAll(async () => {
  await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await admin.end();
});

test('a database with tables of something else is refused', async () => {
  const other = new pg.Client({ connectionString: urlOfDatabase(inject('postgresUrl'), name) });
  await other.connect();
  await other.query('CREATE TABLE "orders" (id INT)');
  await other.end();
  await expect(migrate(urlOfDatabase(inject('postgresUrl'), name))).rejects.toThrow(
    /holds tables of something else.*CREATE DATABASE/,
  );
});

test('a migration that an older build began and did not finish is named, with what to do', async () => {
  await database.pool.query(
    `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '20261124000000_init'`,
  );
  await expect(migrate(url())).rejects.toThrow(/20261124000000_init.*set finished_at/);
});
