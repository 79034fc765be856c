import { CVaultError, notFound } from '../platform/errors.ts';
import type { SignInSettings, SignInSettingsStore } from './settings.ts';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { asTenant } from '../platform/db/tenancy.ts';

const FIND = `
SELECT t.name AS "tenantName", s.app_url AS "appUrl",
  coalesce(s.verified_email_required, false) AS "verifiedEmailRequired",
  coalesce(s.second_factor_required, false) AS "secondFactorRequired"
FROM tenants t LEFT JOIN sign_in_settings s ON s.tenant_id = t.id WHERE t.id = $1`;

const BEGIN = 'INSERT INTO sign_in_settings (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING';

/** Null keeps a value. Since an app URL can become null, $2 says whether it changes. */
const CHANGE = `
UPDATE sign_in_settings SET
  app_url = CASE WHEN $2 THEN $3 ELSE app_url END,
  verified_email_required = coalesce($4, verified_email_required),
  second_factor_required = coalesce($5, second_factor_required)
WHERE tenant_id = $1`;

function translated(cause: unknown): unknown {
  return brokenConstraint(cause) === 'sign_in_settings_verified'
    ? new CVaultError('state_conflict', 'Verified e-mail needs an appUrl that the links lead to.', { cause })
    : cause;
}

export function createSignInSettingsStore({ pool }: Database): SignInSettingsStore {
  return {
    of: (tenantId) =>
      asTenant(pool, tenantId, async (db) => {
        const { rows } = await db.query<SignInSettings>(FIND, [tenantId]);
        if (rows[0] === undefined) throw notFound('tenant');
        return rows[0];
      }),

    change: (tenantId, { appUrl, verifiedEmailRequired, secondFactorRequired }) =>
      asTenant(pool, tenantId, async (db) => {
        await db.query(BEGIN, [tenantId]);
        await db.query(CHANGE, [
          tenantId,
          appUrl !== undefined,
          appUrl ?? null,
          verifiedEmailRequired ?? null,
          secondFactorRequired ?? null,
        ]);
        return (await db.query<SignInSettings>(FIND, [tenantId])).rows[0]!;
      }).catch((cause: unknown) => {
        throw translated(cause);
      }),
  };
}
