import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { actingSql } from '../audit-context/sql.ts';

/** serialization_failure and deadlock_detected: PostgreSQL undid the transaction, and doing it again may succeed. */
const REPEATABLE = new Set(['40001', '40P01']);
const ATTEMPTS = 5;
const PAUSE_MOST_MS = 50;

/** Does `work` again where PostgreSQL undid it for a deadlock; it must have no effect outside of the database. */
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

/**
 * Runs `work` in one READ COMMITTED transaction; what it throws undoes everything. Deadlocks are repeated here.
 */
export function inTransaction<T>(pool: pg.Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> {
  return repeating(() => onceTransaction(pool, 'BEGIN', work));
}

/**
 * One statement that is a transaction of its own, in one round trip instead of three: its beginning and its end go out with
 * it (the pool's connections pipeline). Where the statement fails, PostgreSQL makes a rollback of the COMMIT behind it.
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
    // PostgreSQL's own refusal leaves the connection in order, and the transaction is over.
    broken = failed !== undefined && !isRefusal(failed.reason);
    if (failed !== undefined) throw failed.reason;
    return (answers[1] as PromiseFulfilledResult<pg.QueryResult<R>>).value;
  } finally {
    db.release(broken);
  }
}

/**
 * Codes of errors after which PostgreSQL closes the connection: of the connection, of who signs in, too many connections, shut
 * down, a transaction that was idle or took too long, internal. The severity is no help: it comes in the server's language.
 */
const CLOSING = /^(08...|28...|3D...|53300|57P0.|25P03|25P04|XX...)$/;

/** Whether PostgreSQL refused a statement and the connection is in order. */
export function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code !== undefined && !CLOSING.test(error.code);
}

/**
 * Says who acts in it, where that is known, in the same message that begins the transaction.
 * @param begin that message
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
