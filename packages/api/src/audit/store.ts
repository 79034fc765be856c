import { type AuditChain, BEGINNING } from './chain.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditScope, AuditStore } from './ports.ts';
import type pg from 'pg';
import type { Database } from '../platform/db/database.ts';
import { filters } from '../platform/db/filters.ts';
import { asTenant } from '../platform/db/tenancy.ts';
import { inTransaction } from '../platform/db/transaction.ts';
import { CHAIN, ENTRY_COLUMNS, type EntryRow, entryFromRow } from './rows.ts';

const PART_ROWS = 1_000;

const SELECT = `SELECT ${ENTRY_COLUMNS} FROM audit_log WHERE true`;

/** A chain exists if any trace of it does. */
const CHAINS = `
SELECT coalesce(c.chain, r.chain) AS chain, c.place, c.hash, c.begins_place, c.begins_hash
FROM audit_chains c FULL JOIN (SELECT DISTINCT ${CHAIN} AS chain FROM audit_log WHERE place IS NOT NULL) AS r ON r.chain = c.chain
WHERE $1::uuid IS NULL OR coalesce(c.chain, r.chain) = $1 ORDER BY 1`;

const ROWS_OF_CHAIN = `
SELECT ${ENTRY_COLUMNS} FROM audit_log WHERE ${CHAIN} = $1 AND place > $2 ORDER BY place LIMIT ${PART_ROWS}`;

interface ChainRow {
  chain: string;
  place: number | null;
  hash: Buffer | null;
  begins_place: number | null;
  begins_hash: Buffer | null;
}

function chainFromRow(row: ChainRow): AuditChain {
  const seal = (place: number | null, hash: Buffer | null) =>
    place === null || hash === null ? BEGINNING : { place, hash };
  return {
    chain: row.chain,
    begins: seal(row.begins_place, row.begins_hash),
    ends: seal(row.place, row.hash),
  };
}

async function* rowsOfChain(db: pg.PoolClient, { chain, begins }: AuditChain): AsyncGenerator<AuditEntry> {
  let after = begins.place;
  for (;;) {
    const { rows } = await db.query<EntryRow>(ROWS_OF_CHAIN, [chain, after]);
    yield* rows.map(entryFromRow);
    if (rows.length < PART_ROWS) return;
    after = rows.at(-1)!.place!;
  }
}

export function createAuditStore({ pool }: Database): AuditStore {
  const within = <T>({ tenantId }: AuditScope, work: (db: pg.PoolClient) => Promise<T>) =>
    tenantId === null ? inTransaction(pool, work) : asTenant(pool, tenantId, work);

  return {
    async list(scope, { limit, beforeId }) {
      const { and, values } = filters(
        [limit],
        [
          ['tenant_id =', scope.tenantId],
          ['id <', beforeId],
        ],
      );
      const sql = `${SELECT}${and} ORDER BY id DESC LIMIT $1`;
      return (await within(scope, (db) => db.query<EntryRow>(sql, values))).rows.map(entryFromRow);
    },

    // One transaction per part, so that a slow reader holds none open.
    async *all(scope) {
      let after = 0;
      for (;;) {
        const { and, values } = filters([after, PART_ROWS], [['tenant_id =', scope.tenantId]]);
        const sql = `${SELECT} AND id > $1${and} ORDER BY id LIMIT $2`;
        const { rows } = await within(scope, (db) => db.query<EntryRow>(sql, values));
        yield* rows.map(entryFromRow);
        if (rows.length < PART_ROWS) return;
        after = rows.at(-1)!.id;
      }
    },

    chains: (scope, examine) =>
      within(scope, async (db) => {
        await db.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
        const { rows } = await db.query<ChainRow>(CHAINS, [scope.tenantId]);
        const examined = [];
        for (const chain of rows.map(chainFromRow))
          examined.push(await examine(chain, rowsOfChain(db, chain)));
        return examined;
      }),
  };
}
