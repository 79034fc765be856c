import { CVaultError } from '@cvault/core';
import type pg from 'pg';
import { askAsTenant } from '../tenancy.ts';

/**
 * Addresses that a tenant may have resting, that is given back within the last quarantine and not in use again, by deletions
 * and by moves that its users asked for: a tenth of what it has in use, at least 50 and at most 1,000. Half a /24 is then left
 * to others whatever one tenant does, and a /16 does not notice; a tenant that replaces a tenth of its devices within one
 * quarantine is not one that works normally.
 */
const RESTING_LEAST = 50;
const RESTING_MOST = 1_000;

/**
 * SQL that answers whether the tenant may take another address. It counts by an index, and never further than it matters.
 * Registrations that run at once may all see the same count: they make nothing rest.
 * @param tenant the statement's parameter for the tenant's id
 * @param seconds the one for the quarantine's length
 */
export function mayTakeAddress(tenant: string, seconds: string): string {
  return `
  SELECT (
    SELECT count(*) FROM (
      SELECT FROM ip_pool WHERE freed_by = ${tenant} AND freed_at > now() - ${seconds} * interval '1 second'
        AND state IN ('draining', 'quarantine') LIMIT ${RESTING_MOST}
    ) AS resting
  ) < (
    SELECT least(${RESTING_MOST}, greatest(${RESTING_LEAST}, device_count / 10)) FROM tenants WHERE id = ${tenant}
  ) AS allowed`;
}

/** By then a good part of the quarantine (10 minutes by default) has passed. */
const CHURN_RETRY_SECONDS = 60;

/** @throws CVaultError `churn_limit` where that is why no address was to be had */
export async function checkChurn(pool: pg.Pool, tenantId: string, quarantineSeconds: number): Promise<void> {
  const { rows } = await askAsTenant<{ allowed: boolean }>(pool, tenantId, mayTakeAddress('$1', '$2'), [
    tenantId,
    quarantineSeconds,
  ]);
  if (rows[0]?.allowed !== false) return;
  throw new CVaultError(
    'churn_limit',
    'Too many of the tenant’s devices were deleted or moved just now. Nothing was changed.',
    { retryAfterSeconds: CHURN_RETRY_SECONDS },
  );
}
