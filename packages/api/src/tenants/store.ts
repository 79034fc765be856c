import { CVaultError } from '../platform/errors.ts';
import type { TenantChanges, TenantStore } from './ports.ts';
import { concernsVpnServers, SETTING_NAMES, SETTINGS } from '../settings/index.ts';
import type { Tenant } from './tenant.ts';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { TENANT_COLUMNS } from './rows.ts';
import { beginDeletion, finishDeletion, setTenantState } from './states.ts';

/** Less than every id (RFC 9562, section 5.9). */
const NIL = '00000000-0000-0000-0000-000000000000';

/** The columns to write, with the parameters from $2 on as values. A caller's names get into no statement. */
function written({ name, ...settings }: TenantChanges) {
  const fields: [column: string, value: unknown][] = [
    ['name', name],
    ...SETTING_NAMES.map((key): [string, unknown] => [SETTINGS[key].column, settings[key]]),
  ];
  const given = fields.filter(([, value]) => value !== undefined);
  return {
    columns: given.map(([column]) => column),
    parameters: given.map((_, index) => `$${index + 2}`),
    values: given.map(([, value]) => value),
  };
}

function translated(cause: unknown): unknown {
  switch (brokenConstraint(cause)) {
    case 'tenants_name_key':
      return new CVaultError('name_taken', 'A tenant with this name exists.', { cause });
    case 'tenants_device_limit':
      return new CVaultError('state_conflict', 'The tenant has more devices than this limit allows.', {
        cause,
      });
    case null:
    default:
      return cause;
  }
}

export function createTenantStore({ pool }: Database): TenantStore {
  async function one(sql: string, values: readonly [id: string, ...unknown[]]): Promise<Tenant | null> {
    try {
      return (await askAsTenant<Tenant>(pool, values[0], sql, [...values])).rows[0] ?? null;
    } catch (cause) {
      throw translated(cause);
    }
  }

  const find = (id: string) => one(`SELECT ${TENANT_COLUMNS} FROM tenants WHERE id = $1`, [id]);

  return {
    async create(id, changes) {
      const { columns, parameters, values } = written(changes);
      const tenant = await one(
        `INSERT INTO tenants (id, ${columns.join(', ')}) VALUES ($1, ${parameters.join(', ')})
         RETURNING ${TENANT_COLUMNS}`,
        [id, ...values],
      );
      return tenant!;
    },

    async list({ limit, afterId }) {
      const { rows } = await pool.query<Tenant>(
        `SELECT ${TENANT_COLUMNS} FROM tenants WHERE id > $2 ORDER BY id LIMIT $1`,
        [limit, afterId ?? NIL],
      );
      return rows;
    },

    find,

    async update(id, changes) {
      const { columns, parameters, values } = written(changes);
      if (columns.length === 0) return find(id);
      const assignments = columns.map((column, index) => `${column} = ${parameters[index]!}`);
      return one(
        `WITH old AS (
           SELECT * FROM tenants WHERE id = $1 AND state <> 'deleting' FOR NO KEY UPDATE
         ), t AS (
           UPDATE tenants SET ${assignments.join(', ')} FROM old WHERE tenants.id = old.id RETURNING tenants.*
         ), change AS (
           INSERT INTO plan_changes (tenant_id)
           SELECT t.id FROM t JOIN old ON old.id = t.id WHERE ${concernsVpnServers('old', 't')}
         )
         SELECT ${TENANT_COLUMNS} FROM t`,
        [id, ...values],
      );
    },

    setState: (id, state) => setTenantState(pool, id, state),
    beginDeletion: (id) => beginDeletion(pool, id),
    finishDeletion: (id) => finishDeletion(pool, id),

    async deleting() {
      const { rows } = await pool.query<{ id: string }>(
        "SELECT id FROM tenants WHERE state = 'deleting' ORDER BY id",
      );
      return rows.map((row) => row.id);
    },
  };
}
