import { randomBytes } from 'node:crypto';
import { Secret } from '@cvault/core';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../postgres/database.ts';
import { TEMPLATE, urlOfDatabase } from './postgres-server.ts';

export interface TestDatabase extends Database {
  readonly url: Secret<string>;
}

/** A fresh migrated database of the caller's own; `close()` drops it. Call it in `beforeAll`, once per test file. */
export async function createTestDatabase(connections = 10): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl');
  const name = `cvault_${randomBytes(6).toString('hex')}`;
  const asAdmin = async (sql: string) => {
    const admin = new pg.Client({ connectionString: adminUrl });
    await admin.connect();
    await admin.query(sql).finally(() => admin.end());
  };
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const url = new Secret(urlOfDatabase(adminUrl, name));
  const database = openDatabase(url, { connections, connectionWaitMs: 30_000 });
  return {
    ...database,
    url,
    async close() {
      await database.close();
      await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
