/**
 * The database roles of the control plane's parts. A migration creates them with their grants;
 * walls.integration.test.ts has the closed list.
 */
import pg from 'pg';
import { sessionOf } from './session.ts';

export const ROLES = [
  /** Requests of tenants and users. Sees one tenant, or none in a transaction without a tenant. */
  'cvault_api',
  /** Looks up the credentials of requests. */
  'cvault_authenticator',
  /** Requests of the operator. */
  'cvault_operator',
  /** Pushes to VPN servers, records acknowledgements, compares. */
  'cvault_links',
  /** Readings, totals, data limits, retention of usage. */
  'cvault_metering',
  /** All other periodic work. */
  'cvault_jobs',
  /** Chains the rows of the audit log and deletes old ones. */
  'cvault_sealer',
] as const;

export type DatabaseRole = (typeof ROLES)[number];

/** Since PostgreSQL 16, a member may lack the right to SET ROLE, which is needed here. */
const MISSING = `
SELECT session_user::text AS login, role
FROM unnest($1::text[]) AS role LEFT JOIN pg_roles r ON r.rolname = role
WHERE CASE WHEN r.oid IS NULL THEN true
  ELSE NOT pg_has_role(session_user, r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
END`;

/** A pooler that drops startup options would run everything with the login's own rights, unnoticed. */
async function refuseDeafness(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ heard: string | null }>(
    "SELECT current_setting('cvault.heard', true) AS heard",
  );
  if (rows[0]?.heard === 'yes') return;
  throw new Error(
    'Startup options do not reach PostgreSQL behind DATABASE_URL: let the pooler pass `options` on (see docs/operations/database.md).',
  );
}

/**
 * Refuses a login that cannot act as the roles: every request would fail.
 * @throws Error that names the missing grants
 */
export async function checkRoles(databaseUrl: string): Promise<void> {
  const client = new pg.Client({
    ...sessionOf(databaseUrl, { 'cvault.heard': 'yes' }),
    application_name: 'cvault',
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ login: string; role: string }>(MISSING, [ROLES]);
    if (rows.length === 0) {
      await refuseDeafness(client);
      return;
    }
    const roles = rows.map(({ role }) => role).join(', ');
    throw new Error(
      `DATABASE_URL’s login ${rows[0]!.login} cannot act as ${roles}. ` +
        `Let the tables’ owner or a superuser run: GRANT ${roles} TO "${rows[0]!.login}" (see docs/operations/database.md).`,
    );
  } finally {
    await client.end();
  }
}
