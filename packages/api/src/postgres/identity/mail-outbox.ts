import type { ClaimedMail, MailOutbox } from '@cvault/core';
import type { Database } from '../database.ts';
import { askAsTenant } from '../tenancy.ts';

const ADD = `
INSERT INTO mail_outbox (id, tenant_id, mode, purpose, recipient) VALUES ($1, $2, $3, $4::mail_purpose, $5)`;

/** A claim is a time until which nobody else looks: no transaction is open while a mail server is spoken to. */
const CLAIM = `
UPDATE mail_outbox SET attempts = attempts + 1, not_before = now() + interval '2 minutes'
WHERE id IN (
  SELECT id FROM mail_outbox WHERE not_before <= now() ORDER BY not_before LIMIT $1 FOR UPDATE SKIP LOCKED
)
RETURNING id, tenant_id AS "tenantId", mode, purpose, recipient AS "sealedRecipient", attempts`;

const REMOVE = 'DELETE FROM mail_outbox WHERE tenant_id = $1 AND id = $2';
const RETRY = `
UPDATE mail_outbox SET not_before = now() + $3 * interval '1 second' WHERE tenant_id = $1 AND id = $2`;

export function createMailOutbox({ pool }: Database): MailOutbox {
  return {
    async add({ id, tenantId, mode, purpose, sealedRecipient }) {
      await askAsTenant(pool, tenantId, ADD, [id, tenantId, mode, purpose, sealedRecipient]);
    },

    async claim(limit) {
      return (await pool.query<ClaimedMail>(CLAIM, [limit])).rows;
    },

    async remove({ tenantId, id }) {
      await pool.query(REMOVE, [tenantId, id]);
    },

    async retry({ tenantId, id }, afterSeconds) {
      await pool.query(RETRY, [tenantId, id, afterSeconds]);
    },
  };
}
