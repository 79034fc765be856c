import type { ProvenUser } from '../platform/access/principal.ts';
import { ENDINGS, type EndingEvent } from './endings.ts';
import type pg from 'pg';

/**
 * Whether an earlier proof of the user `u` is still valid. With `FOR SHARE`, the statement waits for a running
 * ending; a later ending waits for the statement and finds its rows.
 */
export const MAY_ENTER = "u.state = 'active' AND u.erase_requested_at IS NULL";

/** Runs first: its row locks block every other statement that signs one of these users in. */
const RAISE_EPOCH = `
UPDATE tenant_users SET credentials_epoch = credentials_epoch + 1 WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
RETURNING credentials_epoch AS "credentialsEpoch"`;

const CLOSE_SIGN_INS = `
UPDATE sign_ins SET revoked_at = now()
WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND id IS DISTINCT FROM $3 AND revoked_at IS NULL`;

const DROP_CHALLENGES = 'DELETE FROM sign_in_challenges WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[])';

const DROP_LINKS = `
DELETE FROM user_links WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND purpose = ANY ($3::link_purpose[])`;

/** The person to be locked out may have started the enrolment. */
const DROP_ENROLMENTS = `
DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND confirmed_at IS NULL`;

/**
 * Ends users' credentials according to `ENDINGS`, and returns the new epoch of the first user.
 * @param db in a transaction of the tenant
 * @param keptSignInId the sign-in that stays if the event ends only the others
 */
export async function endCredentials(
  db: pg.ClientBase,
  event: EndingEvent,
  tenantId: string,
  userIds: readonly string[],
  keptSignInId: string | null = null,
): Promise<number> {
  const { signIns, links } = ENDINGS[event];
  const raised = await db.query<Pick<ProvenUser, 'credentialsEpoch'>>(RAISE_EPOCH, [tenantId, userIds]);
  await db.query(CLOSE_SIGN_INS, [tenantId, userIds, signIns === 'others' ? keptSignInId : null]);
  await db.query(DROP_CHALLENGES, [tenantId, userIds]);
  await db.query(DROP_LINKS, [tenantId, userIds, links]);
  await db.query(DROP_ENROLMENTS, [tenantId, userIds]);
  return raised.rows[0]?.credentialsEpoch ?? 0;
}
