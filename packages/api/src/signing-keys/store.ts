import { notFound } from '../platform/errors.ts';
import {
  RETIRED_AFTER_SECONDS,
  SIGNING_KEY_DAYS,
  type SigningKeyStore,
  type StoredSigningKey,
} from './signing-keys.ts';
import type { Database } from '../platform/db/database.ts';
import { askAsTenant, asTenant } from '../platform/db/tenancy.ts';

interface KeyRow {
  id: string | null;
  public_key: Buffer;
  private_key: Buffer;
  signs_from: Date;
}

const LIST = `
SELECT k.id, k.public_key, k.private_key, k.signs_from
FROM tenants t LEFT JOIN signing_keys k ON k.tenant_id = t.id
WHERE t.id = $1 AND t.state <> 'deleting' ORDER BY k.signs_from, k.id`;

/** Serializes key creation per tenant: two replicas may both find a key due. */
const LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('signing_keys ' || $1, 0))";

const ADD = `
INSERT INTO signing_keys (id, tenant_id, public_key, private_key, signs_from)
SELECT $2, t.id, $3, $4, now() + $5 * interval '1 second' FROM tenants t
WHERE t.id = $1 AND t.state <> 'deleting' AND NOT EXISTS (
  SELECT FROM signing_keys k WHERE k.tenant_id = $1 AND k.created_at > now() - $6 * interval '1 day'
)`;

const REVOKE_OTHERS = 'DELETE FROM signing_keys WHERE tenant_id = $1 AND id <> $2';

const AGED = `
SELECT k.tenant_id FROM signing_keys k JOIN tenants t ON t.id = k.tenant_id AND t.state <> 'deleting'
GROUP BY k.tenant_id HAVING max(k.created_at) <= now() - interval '${SIGNING_KEY_DAYS} days'`;

const FORGET_RETIRED = `
DELETE FROM signing_keys k WHERE EXISTS (
  SELECT FROM signing_keys later WHERE later.tenant_id = k.tenant_id AND later.signs_from > k.signs_from
    AND later.signs_from < now() - interval '${RETIRED_AFTER_SECONDS} seconds'
)`;

export function createSigningKeyStore({ pool }: Database): SigningKeyStore {
  return {
    async list(tenantId) {
      const { rows } = await askAsTenant<KeyRow>(pool, tenantId, LIST, [tenantId]);
      if (rows.length === 0) return null;
      return rows.flatMap(({ id, public_key, private_key, signs_from }): StoredSigningKey[] =>
        id === null
          ? []
          : [{ id, publicKey: public_key, sealedPrivateKey: private_key, signsFrom: signs_from }],
      );
    },

    async add(tenantId, { id, publicKey, sealedPrivateKey }, how) {
      const { signsInSeconds, unlessWithinDays, revokeOthers } = how;
      await asTenant(pool, tenantId, async (db) => {
        await db.query(LOCK, [tenantId]);
        const values = [tenantId, id, publicKey, sealedPrivateKey, signsInSeconds, unlessWithinDays ?? 0];
        const { rowCount } = await db.query(ADD, values);
        if (rowCount === 0 && unlessWithinDays === null) throw notFound('tenant');
        if (revokeOthers) await db.query(REVOKE_OTHERS, [tenantId, id]);
      });
    },

    async aged() {
      return (await pool.query<{ tenant_id: string }>(AGED)).rows.map((row) => row.tenant_id);
    },

    async forgetRetired() {
      return (await pool.query(FORGET_RETIRED)).rowCount ?? 0;
    },
  };
}
