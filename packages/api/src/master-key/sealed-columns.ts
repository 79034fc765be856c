import type { TableColumn, SealedStore, SealedValue } from './rotation.ts';
import type { Database } from '../platform/db/database.ts';
import { filters } from '../platform/db/filters.ts';

interface OwnedColumn extends TableColumn {
  /** The column that holds the owner; null where the value belongs to no tenant. */
  readonly owner: 'tenant_id' | null;
  /** The column that identifies the row; absent: `id`. */
  readonly row?: 'id' | 'user_id';
}

/**
 * All columns with sealed values. A missing one would be lost with a retired master key; a test compares the list
 * with the schema.
 */
export const SEALED_COLUMNS: readonly OwnedColumn[] = [
  { table: 'devices', column: 'private_key', owner: 'tenant_id' },
  { table: 'devices', column: 'preshared_key', owner: 'tenant_id' },
  { table: 'mail_outbox', column: 'recipient', owner: 'tenant_id' },
  { table: 'second_factors', column: 'secret', owner: 'tenant_id', row: 'user_id' },
  { table: 'servers', column: 'ssh_private_key', owner: null },
  { table: 'signing_keys', column: 'private_key', owner: 'tenant_id' },
  { table: 'webhook_endpoints', column: 'secret', owner: 'tenant_id' },
  { table: 'webhook_endpoints', column: 'previous_secret', owner: 'tenant_id' },
];

/** The version in a record's header: see platform/crypto/vault.ts. */
const versionOf = (column: string) => `(get_byte(${column}, 1) << 8) + get_byte(${column}, 2)`;

function outdatedSql({ table, column, owner, row = 'id' }: OwnedColumn, and: string): string {
  return `
SELECT ${row} AS id, ${owner ?? "'platform'"} AS owner, ${column} AS record FROM ${table}
WHERE ${column} IS NOT NULL AND ${versionOf(column)} <> $1${and} ORDER BY ${row} LIMIT $2`;
}

/** Tables and columns come only from the list above, never from outside. */
export function createSealedStore({ pool }: Pick<Database, 'pool'>): SealedStore {
  const find = ({ table, column }: TableColumn): OwnedColumn => {
    const found = SEALED_COLUMNS.find((one) => one.table === table && one.column === column);
    if (found === undefined) throw new Error(`${table}.${column} is not a sealed column`);
    return found;
  };

  return {
    columns: SEALED_COLUMNS,

    async progress(version) {
      const counts = [];
      for (const { table, column } of SEALED_COLUMNS) {
        const { rows } = await pool.query<{ total: number; current: number }>(
          `SELECT count(*) AS total, count(*) FILTER (WHERE ${versionOf(column)} = $1) AS current
           FROM ${table} WHERE ${column} IS NOT NULL`,
          [version],
        );
        counts.push({ table, column, ...rows[0]! });
      }
      return counts;
    },

    async outdated(of, version, afterId, limit) {
      const { table, column, row = 'id' } = find(of);
      const { and, values } = filters([version, limit], [[`${row} >`, afterId]]);
      const sql = outdatedSql(find(of), and);
      const { rows } = await pool.query<{ id: string; owner: string; record: Buffer }>(sql, values);
      return rows.map(({ id, owner, record }): SealedValue => ({
        id,
        at: { owner, row: id, column: `${table}.${column}` },
        record,
      }));
    },

    async replace(of, { id, record }, resealed) {
      const { table, column, row = 'id' } = find(of);
      const { rowCount } = await pool.query(
        `UPDATE ${table} SET ${column} = $3 WHERE ${row} = $1 AND ${column} = $2`,
        [id, record, resealed],
      );
      return rowCount === 1;
    },
  };
}
