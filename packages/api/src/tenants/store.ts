import { CVaultError } from '../platform/errors.ts';
import type { SomeSettings, TenantStore } from './ports.ts';
import type { Tenant } from './tenant.ts';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { TENANT_COLUMNS, type TenantRow, tenantFromRow } from './rows.ts';
import { beginDeletion, finishDeletion, setTenantState } from './states.ts';

/** The column of each setting, and its type: what is given gets into a statement by these texts alone. */
const COLUMNS: Readonly<Record<keyof SomeSettings, readonly [column: string, type: string]>> = {
  name: ['name', 'text'],
  deviceLimit: ['device_limit', 'integer'],
  passwordLengthMin: ['password_length_min', 'integer'],
  authRateLimit: ['auth_rate_limit', 'integer'],
  authRateWindowSeconds: ['auth_rate_window_seconds', 'integer'],
  tenantRateLimit: ['tenant_rate_limit', 'integer'],
  keyRateLimit: ['key_rate_limit', 'integer'],
  userRateLimit: ['user_rate_limit', 'integer'],
  clientRateLimit: ['client_rate_limit', 'integer'],
  dns: ['dns', 'inet[]'],
  searchDomains: ['search_domains', 'text[]'],
  mtu: ['mtu', 'integer'],
  persistentKeepalive: ['persistent_keepalive', 'integer'],
  routes: ['routes', 'inet[]'],
  routeIpv6: ['route_ipv6', 'boolean'],
  privateNetwork: ['private_network', 'boolean'],
  sessionLimit: ['session_limit', 'integer'],
  userDeviceLimit: ['user_device_limit', 'integer'],
  userSessionLimit: ['user_session_limit', 'integer'],
  dataLimitBytes: ['data_limit_bytes', 'bigint'],
  userDataLimitBytes: ['user_data_limit_bytes', 'bigint'],
  dataResetDay: ['data_reset_day', 'integer'],
  dataWarnPercents: ['data_warn_percents', 'integer[]'],
  uploadBitsPerSecond: ['upload_bits_per_second', 'bigint'],
  downloadBitsPerSecond: ['download_bits_per_second', 'bigint'],
  keyLifetimeDays: ['key_lifetime_days', 'integer'],
  keyRotationDays: ['key_rotation_days', 'integer'],
  privateKeysOnce: ['private_keys_once', 'boolean'],
  noLog: ['no_log', 'boolean'],
  sessionDays: ['session_days', 'integer'],
  usageDays: ['usage_days', 'integer'],
  deliveryLogDays: ['delivery_log_days', 'integer'],
};

/** VPN servers enforce these: they hear of no other change. */
const ENFORCED: readonly (keyof SomeSettings)[] = [
  'privateNetwork',
  'dataLimitBytes',
  'userDataLimitBytes',
  'dataResetDay',
  'uploadBitsPerSecond',
  'downloadBitsPerSecond',
];
const enforced = (alias: string) => `(${ENFORCED.map((key) => `${alias}.${COLUMNS[key][0]}`).join(', ')})`;

/** Less than every id (RFC 9562, section 5.9). */
const NIL = '00000000-0000-0000-0000-000000000000';

/** The settings that are given, as columns whose values are the parameters from $2 on. */
function given(settings: SomeSettings) {
  const keys = (Object.keys(COLUMNS) as (keyof SomeSettings)[]).filter((key) => settings[key] !== undefined);
  return {
    columns: keys.map((key) => COLUMNS[key][0]),
    parameters: keys.map((key, index) => `$${index + 2}::${COLUMNS[key][1]}`),
    values: keys.map((key) => settings[key]),
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
      const row = (await askAsTenant<TenantRow>(pool, values[0], sql, [...values])).rows[0];
      return row === undefined ? null : tenantFromRow(row);
    } catch (cause) {
      throw translated(cause);
    }
  }

  const find = (id: string) => one(`SELECT ${TENANT_COLUMNS} FROM tenants WHERE id = $1`, [id]);

  return {
    async create(id, settings) {
      const { columns, parameters, values } = given(settings);
      const tenant = await one(
        `INSERT INTO tenants (id, ${columns.join(', ')}) VALUES ($1, ${parameters.join(', ')})
         RETURNING ${TENANT_COLUMNS}`,
        [id, ...values],
      );
      return tenant!;
    },

    async list({ limit, afterId }) {
      const { rows } = await pool.query<TenantRow>(
        `SELECT ${TENANT_COLUMNS} FROM tenants WHERE id > $2 ORDER BY id LIMIT $1`,
        [limit, afterId ?? NIL],
      );
      return rows.map(tenantFromRow);
    },

    find,

    async update(id, settings) {
      const { columns, parameters, values } = given(settings);
      if (columns.length === 0) return find(id);
      const changes = columns.map((column, index) => `${column} = ${parameters[index]!}`);
      return one(
        `WITH old AS (
           SELECT * FROM tenants WHERE id = $1 AND state <> 'deleting' FOR NO KEY UPDATE
         ), t AS (
           UPDATE tenants SET ${changes.join(', ')} FROM old WHERE tenants.id = old.id RETURNING tenants.*
         ), change AS (
           INSERT INTO plan_changes (tenant_id)
           SELECT t.id FROM t JOIN old ON old.id = t.id WHERE ${enforced('t')} IS DISTINCT FROM ${enforced('old')}
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
