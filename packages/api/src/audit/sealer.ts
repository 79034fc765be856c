/** Chains the rows of the audit log after they are committed, so that writers never wait for each other. */
import type { Items } from '../platform/jobs/items.ts';
import { BEGINNING, sealOf } from './chain.ts';
import { chainOf, type Seal } from './entry.ts';
import type { Database } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/transaction.ts';
import { CHAIN, ENTRY_COLUMNS, type EntryRow, entryFromRow } from './rows.ts';

const PART_ROWS = 1_000;

/** One replica at a time. */
const LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('cvault.audit')) AS mine";

/** All transactions before the oldest running one have ended, so no more rows can appear before these. */
const OVER = 'hash IS NULL AND xact < pg_snapshot_xmin(pg_current_snapshot())';

const UNSEALED_CHAINS = `
SELECT DISTINCT chain FROM (
  SELECT ${CHAIN} AS chain FROM audit_log WHERE ${OVER} AND ${CHAIN} <> ALL ($1::uuid[])
  ORDER BY xact, id LIMIT ${PART_ROWS}
) AS part`;

const UNSEALED = `
SELECT ${ENTRY_COLUMNS} FROM audit_log
WHERE ${OVER} AND ${CHAIN} = ANY ($1::uuid[]) ORDER BY xact, id LIMIT ${PART_ROWS}`;

const ENDS = 'SELECT chain, place, hash FROM audit_chains WHERE chain = ANY ($1::uuid[])';

const SEAL = `
UPDATE audit_log SET place = s.place, hash = s.hash
FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS s (id, place, hash) WHERE audit_log.id = s.id`;

const EXTEND = `
INSERT INTO audit_chains (chain, place, hash, begins_hash)
SELECT chain, place, hash, $4 FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS e (chain, place, hash)
ON CONFLICT (chain) DO UPDATE SET place = excluded.place, hash = excluded.hash`;

/** Moves the start of a chain past its expired rows, which can then be deleted. */
const SHORTEN = `
WITH old AS (
  SELECT ${CHAIN} AS chain, max(place) AS place FROM audit_log
  WHERE at < now() - $1 * interval '1 day' AND place IS NOT NULL AND ${CHAIN} = ANY ($2::uuid[]) GROUP BY 1
)
UPDATE audit_chains c SET begins_place = l.place, begins_hash = l.hash
FROM old JOIN audit_log l ON coalesce(l.tenant_id, '00000000-0000-0000-0000-000000000000'::uuid) = old.chain AND l.place = old.place
WHERE c.chain = old.chain AND c.begins_place < old.place`;

const FORGET = `
DELETE FROM audit_log USING audit_chains c
WHERE ${CHAIN} = c.chain AND c.chain = ANY ($2::uuid[]) AND audit_log.place <= c.begins_place AND audit_log.at < now() - $1 * interval '1 day'`;

export interface AuditSealer {
  /** Seals committed rows, at most a thousand; returns their number. */
  seal(items: Items): Promise<number>;
  /** Deletes older rows; returns how many. The chains can still be verified. */
  forget(days: number, items: Items): Promise<number>;
}

export function createAuditSealer({ pool }: Database): AuditSealer {
  const chainsOf = ({ rows }: { rows: { chain: string }[] }) => rows.map(({ chain }) => chain);

  function sealChains(chains: readonly string[]): Promise<number> {
    return inTransaction(pool, async (db) => {
      if ((await db.query<{ mine: boolean }>(LOCK)).rows[0]?.mine !== true) return 0;
      const entries = (await db.query<EntryRow>(UNSEALED, [chains])).rows.map(entryFromRow);
      if (entries.length === 0) return 0;
      const { rows } = await db.query<Seal & { chain: string }>(ENDS, [[...new Set(entries.map(chainOf))]]);
      const ends = new Map<string, Seal>(rows.map(({ chain, place, hash }) => [chain, { place, hash }]));
      const seals = entries.map((entry) => {
        const seal = sealOf(entry, ends.get(chainOf(entry)) ?? BEGINNING);
        ends.set(chainOf(entry), seal);
        return seal;
      });
      await db.query(SEAL, [
        entries.map((entry) => entry.id),
        seals.map((seal) => seal.place),
        seals.map((seal) => seal.hash),
      ]);
      const last = [...ends.values()];
      await db.query(EXTEND, [
        [...ends.keys()],
        last.map((seal) => seal.place),
        last.map((seal) => seal.hash),
        BEGINNING.hash,
      ]);
      return entries.length;
    });
  }

  return {
    async seal(items) {
      const chains = chainsOf(await pool.query<{ chain: string }>(UNSEALED_CHAINS, [items.resting()]));
      const sealed = await items.together(chains, sealChains);
      return sealed.reduce((sum, rows) => sum + rows, 0);
    },

    async forget(days, items) {
      const chains = chainsOf(await pool.query<{ chain: string }>('SELECT chain FROM audit_chains'));
      const forgotten = await items.together(chains, (some) =>
        inTransaction(pool, async (db) => {
          await db.query(SHORTEN, [days, some]);
          return (await db.query(FORGET, [days, some])).rowCount ?? 0;
        }),
      );
      return forgotten.reduce((sum, rows) => sum + rows, 0);
    },
  };
}
