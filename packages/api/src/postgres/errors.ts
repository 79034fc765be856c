import { CVaultError } from '@cvault/core';
import pg from 'pg';

/**
 * Codes (PostgreSQL's manual, appendix A) that say: not now. 08: connection exceptions; 53: out of connections, memory
 * or disk; 57P0x: shut down, crashed, starting; 57014 and 55P03: a statement or a lock took too long; 25006: it is a
 * standby; 40001 and 40P01: still undone after several attempts.
 */
const NOT_NOW = /^(08...|53...|57P0.|57014|55P03|25006|40001|40P01)$/;

/** What Node.js says where there is no connection. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** What `pg` says without a code, where a connection ends or none comes free. */
const PG_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;

const RETRY_AFTER_SECONDS = 2;

/** An error of the database that passes by itself, as what the caller may know of it; null for every other error. */
export function translatePostgresError(error: unknown): CVaultError | null {
  if (!(error instanceof Error)) return null;
  const { code } = error as { code?: unknown };
  const text = typeof code === 'string' ? code : '';
  const passing =
    error instanceof pg.DatabaseError
      ? NOT_NOW.test(text)
      : NO_CONNECTION.has(text) || PG_WORDS.test(error.message);
  return passing
    ? new CVaultError('unavailable', 'The service cannot answer just now.', {
        cause: error,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    : null;
}
