import { CVaultError } from '../errors.ts';
import pg from 'pg';

/**
 * Codes (PostgreSQL's manual, appendix A) that say: nothing can be done now. 08: connection exceptions; 53: out of connections,
 * memory or disk; 57P0x: shut down, crashed, starting; 25006: it is a standby.
 */
const AWAY = /^(08...|53...|57P0.|25006)$/;

/** Those that say: this cannot be done now. A statement or a lock took too long; still undone after several attempts. */
const BUSY = /^(57014|55P03|40001|40P01)$/;

/** The codes of Node.js for a connection that cannot be made. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** `pg` gives these messages no code: a connection ended, or none came free. */
const PG_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;

const RETRY_AFTER_SECONDS = 2;

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Whether the database is away: no other statement would fare better now. */
export function isAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return AWAY.test(codeOf(error));
  return error instanceof Error && (NO_CONNECTION.has(codeOf(error)) || PG_WORDS.test(error.message));
}

/** An error of the database that passes by itself, as what the caller may know of it; null for every other error. */
export function translatePostgresError(error: unknown): CVaultError | null {
  const busy = error instanceof pg.DatabaseError && BUSY.test(codeOf(error));
  return busy || isAway(error)
    ? new CVaultError('unavailable', 'The service cannot answer just now.', {
        cause: error,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    : null;
}
