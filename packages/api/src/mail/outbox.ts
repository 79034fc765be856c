import { LINK_HOURS } from '../mail-links/index.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { SealedColumn } from '../platform/crypto/vault.ts';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant } from '../platform/db/tenancy.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { MailPurpose } from './mail.ts';

export function recipientColumn(tenantId: string, mailId: string): SealedColumn {
  return { owner: tenantId, row: mailId, column: 'mail_outbox.recipient' };
}

/** A mail to a user of this mode. Its text is written when it is sent, so the database holds no link. */
interface QueuedMail extends TenantScope {
  readonly id: string;
  readonly purpose: MailPurpose;
  /** The e-mail address, sealed for `recipientColumn`: it need not belong to a user. */
  readonly sealedRecipient: Buffer;
}

export interface ClaimedMail extends QueuedMail {
  /** The number of claims, including this one. */
  readonly attempts: number;
}

/** A sign-up that waits for its address to be confirmed. It shares the id of the mail with its link. */
export interface NewSignUp {
  readonly email: string;
  /** Takes effect only with this sign-up's link. */
  readonly passwordHash: string;
}

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

/** The queue of mails, shared by all replicas. */
export function createMailOutbox({ pool }: Database) {
  return {
    /** Does the same work for every recipient. Stores the mail's sign-up too, if there is one. */
    async add(mail: QueuedMail, signUp: NewSignUp | null): Promise<void> {
      const { id, tenantId, mode, purpose, sealedRecipient } = mail;
      const values = [id, tenantId, mode, purpose, sealedRecipient];
      if (signUp === null) await askAsTenant(pool, tenantId, ADD, values);
      else {
        const { email, passwordHash } = signUp;
        await askAsTenant(pool, tenantId, ADD_WITH_SIGN_UP, [...values, email, passwordHash]);
      }
    },

    /** Claims due mails for one replica, until it reports their outcome or two minutes pass. */
    async claim(limit: number, items: Items): Promise<readonly ClaimedMail[]> {
      const due = await pool.query<{ id: string }>(DUE, [limit, items.resting()]);
      const claimed = await items.together(
        due.rows.map(({ id }) => id),
        (ids) => pool.query<ClaimedMail>(CLAIM, [ids]),
      );
      return claimed.flatMap(({ rows }) => rows);
    },

    /** For a mail that was sent or is not to be sent. */
    async remove({ tenantId, id }: ClaimedMail): Promise<void> {
      await pool.query(REMOVE, [tenantId, id]);
    },

    async retry({ tenantId, id }: ClaimedMail, afterSeconds: number): Promise<void> {
      await pool.query(RETRY, [tenantId, id, afterSeconds]);
    },
  };
}

export type MailOutbox = ReturnType<typeof createMailOutbox>;
