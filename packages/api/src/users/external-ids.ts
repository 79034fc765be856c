import { CVaultError } from '../platform/errors.ts';
import { brokenConstraint } from '../platform/db/database.ts';

const EXTERNAL_ID = new Set(['tenant_users_tenant_id_external_id_mode_key', 'devices_external_id']);

/** What the unique indexes on a tenant's own names say, in words; every other error as it is. */
export function externalIdRefusal(cause: unknown): unknown {
  // Without the cause: PostgreSQL's words for it hold the name.
  return EXTERNAL_ID.has(brokenConstraint(cause) ?? '')
    ? new CVaultError('external_id_taken', 'Another user or device of yours has this externalId.')
    : cause;
}
