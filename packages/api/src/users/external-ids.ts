import { CVaultError } from '../platform/errors.ts';
import { brokenConstraint } from '../platform/db/database.ts';

const EXTERNAL_ID = new Set(['tenant_users_tenant_id_external_id_mode_key', 'devices_external_id']);

/** Translates violations of the unique indexes on external ids; returns other errors unchanged. */
export function externalIdRefusal(cause: unknown): unknown {
  // Without the cause: PostgreSQL's message contains the id.
  return EXTERNAL_ID.has(brokenConstraint(cause) ?? '')
    ? new CVaultError('external_id_taken', 'Another user or device of yours has this externalId.')
    : cause;
}
