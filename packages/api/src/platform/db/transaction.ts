import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { actingSql } from '../audit-context/sql.ts';

/** serialization_failure and deadlock_detected: the transaction was rolled back and may succeed if repeated. */
const REPEATABLE = new Set(['40001', '40P01']);
const ATTEMPTS = 5;
const PAUSE_MOST_MS = 50;

/** Repeats `work` after a deadlock. It must have no effects outside the database. */
export async function repeating<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const repeatable = error instanceof pg.DatabaseError && REPEATABLE.has(error.code ?? '');
      if (!repeatable || attempt === ATTEMPTS) throw error;
      await sleep(Math.random() * PAUSE_MOST_MS * attempt);
    }
  }
}

/** Runs `work` in a READ COMMITTED transaction and rolls back if it throws. Deadlocks are retried. */
export function inTransaction<T>(pool: pg.Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> {
  return repeating(() => onceTransaction(pool, 'BEGIN', work));
}

/**
 * Runs one statement as a transaction in one round trip instead of three: BEGIN and COMMIT are pipelined with it.
 * If the statement fails, PostgreSQL turns the COMMIT into a rollback.
 * @param begin the message that begins the transaction
 */
export async function onceStatement<R extends pg.QueryResultRow>(
  pool: pg.Pool,
  begin: string,
  query: pg.QueryConfig,
): Promise<pg.QueryResult<R>> {
  const db = await pool.connect();
  let broken = true;
  try {
    const answers = await Promise.allSettled([
      db.query(begin + actingSql()),
      db.query<R>(query),
      db.query('COMMIT'),
    ]);
    const failed = answers.find((answer) => answer.status === 'rejected');
    // After a refusal by PostgreSQL, the connection is usable and the transaction over.
    broken = failed !== undefined && !isRefusal(failed.reason);
    if (failed !== undefined) throw failed.reason;
    return (answers[1] as PromiseFulfilledResult<pg.QueryResult<R>>).value;
  } finally {
    db.release(broken);
  }
}

/**
 * Errors after which PostgreSQL closes the connection: connection and authentication errors, too many connections,
 * shutdown, idle or overlong transactions, internal errors. The severity cannot be used: it is translated.
 */
const CLOSING = /^(08...|28...|3D...|53300|57P0.|25P03|25P04|XX...)$/;

/** Whether PostgreSQL refused a statement and left the connection usable. */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !CLOSING.test(error.code);
}

/**
 * Runs `work` in one transaction, whose first message also names the actor if one is known.
 * @param begin the message that begins the transaction
 */
export async function onceTransaction<T>(
  pool: pg.Pool,
  begin: string,
  work: (db: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const db = await pool.connect();
  let broken = false;
  try {
    await db.query(begin + actingSql());
    const result = await work(db);
    await db.query('COMMIT');
    return result;
  } catch (error) {
    await db.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    db.release(broken);
  }
}
