import { HOLDS, endDevices, putHold, releaseHold } from '../devices/index.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { CVaultError } from '../platform/errors.ts';
import type { ChangedUser, Metadata, TenantUser, UserDirectoryStore, UserState } from './service.ts';
import type pg from 'pg';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { externalIdRefusal } from './external-ids.ts';
import { filters } from '../platform/db/filters.ts';
import {
  USER_PLAN_COLUMNS,
  type UserPlanRow,
  changeUserSql,
  limitAssignments,
  userPlanFromRow,
} from '../user-limits/index.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';
import { endCredentials } from '../sign-in/index.ts';

/** Columns of a user `u` of tenant `t`. */
const COLUMNS = `${USER_PLAN_COLUMNS}, u.state, u.external_id, u.metadata`;
const FROM =
  'FROM tenant_users u JOIN tenants t ON t.id = u.tenant_id WHERE u.tenant_id = $1 AND u.mode = $2';

type UserRow = UserPlanRow & { state: UserState; external_id: string | null; metadata: Metadata };

function userFromRow(row: UserRow): TenantUser {
  return { ...userPlanFromRow(row), state: row.state, externalId: row.external_id, metadata: row.metadata };
}

const FIND = `SELECT ${COLUMNS} ${FROM} AND u.id = $3`;

const CREATE = `
INSERT INTO tenant_users (id, tenant_id, mode, email, external_id, metadata) VALUES ($3, $1, $2, $4, $5, $6)`;

const OF_MODE = 'SELECT FROM tenant_users WHERE tenant_id = $1 AND mode = $2 AND id = $3';

const SET_STATE = `
UPDATE tenant_users SET state = $4::user_state
WHERE tenant_id = $1 AND mode = $2 AND id = $3 AND state <> 'deleting'`;

const MOVE = {
  suspended: putHold('tenant_id = $1 AND user_id = $3'),
  active: releaseHold('tenant_id = $1 AND user_id = $3'),
};

const BEGIN_DELETION = `
UPDATE tenant_users SET state = 'deleting' WHERE tenant_id = $1 AND mode = $2 AND id = $3`;

const END_DEVICES = `
WITH ${endDevices({ which: 'tenant_id = $1 AND user_id = $2', churn: true })} SELECT DISTINCT server_id FROM d`;

function refusal(cause: unknown): unknown {
  return brokenConstraint(cause) === 'tenant_users_tenant_id_email_key'
    ? new CVaultError('email_taken', 'A user with this e-mail exists.')
    : externalIdRefusal(cause);
}

export function createUserDirectoryStore({ pool }: Database): UserDirectoryStore {
  async function findIn(
    db: pg.PoolClient,
    { tenantId, mode }: TenantScope,
    id: string,
  ): Promise<TenantUser | null> {
    const { rows } = await db.query<UserRow>(FIND, [tenantId, mode, id]);
    return rows[0] === undefined ? null : userFromRow(rows[0]);
  }

  return {
    async list({ tenantId, mode }, { email, externalId, state }, { limit, afterId }) {
      const { and, values } = filters(
        [tenantId, mode, limit],
        [
          ['u.id >', afterId],
          ['u.email =', email],
          ['u.external_id =', externalId],
          ['u.state =', state],
        ],
      );
      const text = `SELECT ${COLUMNS} ${FROM}${and} ORDER BY u.id LIMIT $3`;
      return (await askAsTenant<UserRow>(pool, tenantId, text, values)).rows.map(userFromRow);
    },

    find: (scope, id) => asTenant(pool, scope.tenantId, (db) => findIn(db, scope, id)),

    create: (scope, { id, email, externalId, metadata }) =>
      asTenant(pool, scope.tenantId, async (db) => {
        const values = [scope.tenantId, scope.mode, id, email, externalId ?? null, metadata ?? {}];
        await db.query(CREATE, values);
        return (await findIn(db, scope, id))!;
      }).catch((cause: unknown) => {
        throw refusal(cause);
      }),

    update: ({ tenantId, mode }, id, { externalId, metadata, limits = {} }) =>
      asTenant(pool, tenantId, async (db) => {
        if ((await db.query(OF_MODE, [tenantId, mode, id])).rowCount === 0) return null;
        const columns: readonly (readonly [column: string, value: unknown])[] = [
          ['external_id', externalId],
          ['metadata', metadata],
        ];
        const own = columns.filter(([, value]) => value !== undefined);
        const { assignments, values } = limitAssignments(limits, 'tenant', own.length + 3);
        const sql = changeUserSql(
          [...own.map(([column], index) => `${column} = $${index + 3}`), ...assignments],
          COLUMNS,
        );
        const given = [tenantId, id, ...own.map(([, value]) => value), ...values];
        const { rows } = await db.query<UserRow>(sql, given);
        return rows[0] === undefined ? null : userFromRow(rows[0]);
      }).catch((cause: unknown) => {
        throw refusal(cause);
      }),

    /**
     * As with tenants (see tenants/states.ts), two passes over the devices are needed: the second sees what
     * committed before the user's row was locked, and the trigger tenant_users_growth refuses anything later.
     */
    setState: (scope, id, state): Promise<ChangedUser | null> =>
      asTenant(pool, scope.tenantId, async (db) => {
        const { tenantId, mode } = scope;
        if ((await findIn(db, scope, id)) === null) return null;
        const pass = async () =>
          (await db.query<{ server_id: string }>(MOVE[state], [tenantId, HOLDS.user, id])).rows;
        const first = await pass();
        const { rowCount } = await db.query(SET_STATE, [tenantId, mode, id, state]);
        // The user is being deleted with their devices, so no device was held or released.
        if (rowCount === 0) return null;
        const serverIds = [...first, ...(await pass())].map((row) => row.server_id);
        return { user: (await findIn(db, scope, id))!, serverIds: [...new Set(serverIds)] };
      }),

    beginDeletion: (scope, id) =>
      asTenant(pool, scope.tenantId, async (db) => {
        const { tenantId, mode } = scope;
        if ((await findIn(db, scope, id)) === null) return null;
        const pass = async () =>
          (await db.query<{ server_id: string }>(END_DEVICES, [tenantId, id])).rows.map(
            (row) => row.server_id,
          );
        const first = await pass();
        await db.query(BEGIN_DELETION, [tenantId, mode, id]);
        await endCredentials(db, 'deleted', tenantId, [id]);
        return [...new Set([...first, ...(await pass())])];
      }),
  };
}
