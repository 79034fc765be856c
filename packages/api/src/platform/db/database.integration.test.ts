import type pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { openDatabase } from './database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

test('a lost connection is reported, unless the pool is closing', async () => {
  const lost: Error[] = [];
  const { pool, close } = openDatabase(database.url, {
    role: null,
    connections: 2,
    onConnectionLost: (error) => lost.push(error),
  });
  const { rows } = await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  await vi.waitFor(() => expect(lost).toHaveLength(1), { timeout: 30_000 });

  const connected = new Promise<pg.PoolClient>((resolve) => pool.once('connect', resolve));
  await pool.query('SELECT 1');
  const client = await connected;
  const closed = close();
  // A PostgreSQL that stops at this moment says so on the connection before it has read its end.
  client.emit('error', new Error('terminating connection due to administrator command'));
  await closed;
  expect(lost).toHaveLength(1);
});
