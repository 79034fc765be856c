import { PrismaPg } from '@prisma/adapter-pg';
import type { Secret } from '@cvault/core';
import pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.ts';

/** int8 as number: generations and counts stay far below 2^53. */
const INT8_OID = 20;

export interface Database {
  /** For SQL by hand: the paths where a round trip counts. Prepared by name, so PostgreSQL plans each once. */
  readonly pool: pg.Pool;
  /** For everything else. Uses the same connections. */
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Most connections. */
  readonly connections: number;
  /** Called when an idle connection breaks: PostgreSQL was restarted. The pool replaces it by itself. */
  readonly onConnectionLost?: (error: Error) => void;
}

export function openDatabase(url: Secret<string>, options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: options.connections,
    application_name: 'cvault',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8_OID
          ? Number
          : (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown),
    } as pg.CustomTypesConfig,
  });
  // Without a listener, a restart of PostgreSQL ends this process.
  pool.on('error', (error) => options.onConnectionLost?.(error));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    pool,
    prisma,
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

/** The constraint that a statement broke, as PostgreSQL names it; null where the error is of another kind. */
export function brokenConstraint(error: unknown): string | null {
  return error instanceof pg.DatabaseError && error.code?.startsWith('23')
    ? (error.constraint ?? error.column ?? null)
    : null;
}
