/** schema.prisma and the migrations must describe the same database. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { TEMPLATE, urlOfDatabase } from '../../testing/postgres-server.ts';
import { applyWithPrisma, readDatamodel, schemaScript } from '../../testing/schema-script.ts';

const name = `cvault_${randomBytes(6).toString('hex')}`;
const admin = new pg.Client({ connectionString: inject('postgresUrl') });

beforeAll(async () => {
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
});

afterAll(async () => {
  await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  await admin.end();
});

/**
 * The parts that both can express. Only migrations have non-null lists, checks, partial indexes, triggers and
 * generated columns.
 */
async function describeDatabase(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(`
      SELECT concat_ws(' ', 'column', table_name, column_name, udt_name,
        CASE WHEN data_type <> 'ARRAY' THEN 'nullable ' || is_nullable END,
        CASE is_generated WHEN 'NEVER' THEN 'default ' || column_default END) AS line
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
      UNION ALL
      SELECT concat_ws(' ', contype::text, conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'f')
        AND conrelid::regclass::text <> '_prisma_migrations'
      UNION ALL
      SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace = 'public'::regnamespace AND i.indpred IS NULL AND NOT i.indisprimary
        AND i.indrelid::regclass::text <> '_prisma_migrations'
      UNION ALL
      SELECT concat_ws(' ', 'enum', enumtypid::regtype, enumlabel) FROM pg_enum
      ORDER BY 1`);
    return rows.map(({ line }) => line);
  } finally {
    await client.end();
  }
}

test('the migrations produce schema.prisma', async () => {
  const url = urlOfDatabase(inject('postgresUrl'), name);
  const empty = new pg.Client({ connectionString: url });
  await empty.connect();
  await empty.query(await schemaScript(url, null, await readDatamodel()));
  await empty.end();
  const wanted = await describeDatabase(url);
  expect(wanted.length).toBeGreaterThan(50);
  expect(await describeDatabase(urlOfDatabase(inject('postgresUrl'), TEMPLATE))).toEqual(wanted);
});

test('Prisma’s own engine finds the migrations applied: a replica of a build that loads it can start beside this one', async () => {
  expect(await applyWithPrisma(urlOfDatabase(inject('postgresUrl'), TEMPLATE))).toEqual([]);
});
