import type { ProvenUser } from '../platform/access/principal.ts';
import { ENDINGS, type EndingEvent } from './endings.ts';
import type pg from 'pg';

/**
 * The condition on a user `u` who is let in by what was proven before: it still holds. With `FOR SHARE` behind it, the
 * statement waits for an ending that is under way, and an ending waits for it and then finds what it wrote.
 */
export const MAY_ENTER = "u.state = 'active' AND u.erase_requested_at IS NULL";

/** First of all: its row locks keep everybody else's statement waiting that lets one of these users in. */
const RAISE_EPOCH = `
UPDATE tenant_users SET credentials_epoch = credentials_epoch + 1 WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
RETURNING credentials_epoch AS "credentialsEpoch"`;

const CLOSE_SIGN_INS = `
UPDATE sign_ins SET revoked_at = now()
WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND id IS DISTINCT FROM $3 AND revoked_at IS NULL`;

const DROP_CHALLENGES = 'DELETE FROM sign_in_challenges WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[])';

const DROP_LINKS = `
DELETE FROM user_links WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND purpose = ANY ($3::link_purpose[])`;

/** Whoever began it may be whom the ending is meant for. */
const DROP_ENROLMENTS = `
DELETE FROM second_factors WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[]) AND confirmed_at IS NULL`;

/**
 * Ends credentials of users as `ENDINGS` says, and answers the new epoch of the first.
 * @param db in a transaction of the tenant
 * @param keptSignInId the sign-in that goes on, where the event ends the others alone
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
