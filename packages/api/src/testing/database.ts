import { randomBytes } from 'node:crypto';
import { Secret } from '../platform/crypto/secret.ts';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../platform/db/database.ts';
import type { DatabaseRole } from '../platform/db/roles.ts';
import { TEMPLATE, urlOfDatabase } from './postgres-server.ts';

/** Its own connections have the owner's rights, for rows that tests insert by hand. */
export interface TestDatabase extends Database {
  readonly url: Secret<string>;
  /** The same database with one of production's roles. */
  as(role: DatabaseRole): Database;
}

/** A new migrated database, which `close()` drops. Call it in `beforeAll`, once per test file. */
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
  const open = (role: DatabaseRole | null) =>
    openDatabase(url, { role, connections, connectionWaitMs: 30_000 });
  const database = open(null);
  const others = new Map<DatabaseRole, Database>();
  return {
    ...database,
    url,
    as(role) {
      const other = others.get(role) ?? open(role);
      others.set(role, other);
      return other;
    },
    async close() {
      for (const other of others.values()) await other.close();
      await database.close();
      await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
