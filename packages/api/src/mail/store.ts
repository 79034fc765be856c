import { type ClaimedMail, LINK_HOURS, type MailOutbox } from '../mail-links/index.ts';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';

const ADD = `
INSERT INTO mail_outbox (id, tenant_id, mode, purpose, recipient) VALUES ($1, $2, $3, $4::mail_purpose, $5)`;

const ADD_WITH_SIGN_UP = `
WITH sign_up AS (
  INSERT INTO sign_ups (id, tenant_id, mode, email, password_hash, expires_at)
  VALUES ($1, $2, $3, $6, $7, now() + interval '${LINK_HOURS.verify_email} hours')
)${ADD}`;

/** A claim is a time until which other replicas skip the mail, so no transaction stays open while a mail is sent. */
const DUE = `
SELECT id FROM mail_outbox WHERE not_before <= now() AND id <> ALL ($2::uuid[]) ORDER BY not_before LIMIT $1`;
const CLAIM = `
UPDATE mail_outbox SET attempts = attempts + 1, not_before = now() + interval '2 minutes'
WHERE id IN (
  SELECT id FROM mail_outbox WHERE id = ANY ($1::uuid[]) AND not_before <= now() ORDER BY id FOR UPDATE SKIP LOCKED
)
RETURNING id, tenant_id AS "tenantId", mode, purpose, recipient AS "sealedRecipient", attempts`;

const REMOVE = 'DELETE FROM mail_outbox WHERE tenant_id = $1 AND id = $2';
const RETRY = `
UPDATE mail_outbox SET not_before = now() + $3 * interval '1 second' WHERE tenant_id = $1 AND id = $2`;

export function createMailOutbox({ pool }: Database): MailOutbox {
  return {
    async add({ id, tenantId, mode, purpose, sealedRecipient }, signUp) {
      const values = [id, tenantId, mode, purpose, sealedRecipient];
      if (signUp === null) await askAsTenant(pool, tenantId, ADD, values);
      else {
        const { email, passwordHash } = signUp;
        await askAsTenant(pool, tenantId, ADD_WITH_SIGN_UP, [...values, email, passwordHash]);
      }
    },

    async claim(limit, items) {
      const due = await pool.query<{ id: string }>(DUE, [limit, items.resting()]);
      const claimed = await items.together(
        due.rows.map(({ id }) => id),
        (ids) => pool.query<ClaimedMail>(CLAIM, [ids]),
      );
      return claimed.flatMap(({ rows }) => rows);
    },

    async remove({ tenantId, id }) {
      await pool.query(REMOVE, [tenantId, id]);
    },

    async retry({ tenantId, id }, afterSeconds) {
      await pool.query(RETRY, [tenantId, id, afterSeconds]);
    },
  };
}
