import { CVaultError } from '../errors.ts';
import pg from 'pg';

/**
 * Codes (PostgreSQL's manual, appendix A) of an unavailable server. 08: connection exceptions; 53: out of
 * connections, memory or disk; 57P0x: shut down, crashed, starting; 25006: a standby.
 */
const AWAY = /^(08...|53...|57P0.|25006)$/;

/** Codes of a busy server: statement or lock timeout; serialization failure or deadlock after several attempts. */
const BUSY = /^(57014|55P03|40001|40P01)$/;

/** Node.js codes of a failed connection. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** `pg` messages without a code: a connection ended, or none came free. */
const PG_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;

const RETRY_AFTER_SECONDS = 2;

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Whether the database is unavailable, so that any other statement would fail too. */
export function isAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return AWAY.test(codeOf(error));
  return error instanceof Error && (NO_CONNECTION.has(codeOf(error)) || PG_WORDS.test(error.message));
}

/** Translates a transient database error for the caller; null for every other error. */
export function translatePostgresError(error: unknown): CVaultError | null {
  const busy = error instanceof pg.DatabaseError && BUSY.test(codeOf(error));
  return busy || isAway(error)
    ? new CVaultError('unavailable', 'The service cannot answer just now.', {
        cause: error,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    : null;
}
