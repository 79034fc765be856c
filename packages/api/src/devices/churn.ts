import { CVaultError } from '../platform/errors.ts';
import type pg from 'pg';
import { askAsTenant } from '../platform/db/tenancy.ts';
import { RESTING } from '../platform/limits/limits.ts';

/**
 * Limits a tenant's resting addresses: those given back within the last quarantine and not in use again, by
 * deletions and by moves that users asked for. Up to 50 are never refused. Above that the limit is a tenth of the
 * addresses in use, at least 220 (so a test can create and delete 200 devices), at most 1,000, and never more than
 * seven eighths of all addresses (`servers.addresses`, counted every 30 s). Part of a /24 is then left to others,
 * and a /16 does not notice.
 */
const limitSql = (tenant: string): string => `
  SELECT greatest(${RESTING.neverRefused}, least(
    ${RESTING.most}, greatest(${RESTING.least}, t.device_count / 10),
    (SELECT nullif(sum(addresses), 0) * 7 / 8 FROM servers WHERE state = 'active')
  ))::int FROM tenants t WHERE t.id = ${tenant}`;

const restingSql = (tenant: string, seconds: string): string => `
  FROM ip_pool WHERE freed_by = ${tenant} AND freed_at > now() - ${seconds} * interval '1 second'
    AND state IN ('draining', 'quarantine')`;

/**
 * SQL for whether the tenant may take another address. It counts by an index, and no further than the limit.
 * Concurrent registrations may all see the same count: they make no address rest.
 * @param tenant the statement's parameter for the tenant's id
 * @param seconds the parameter for the length of the quarantine
 */
export function mayTakeAddress(tenant: string, seconds: string): string {
  const resting = `SELECT count(*) FROM (SELECT ${restingSql(tenant, seconds)} LIMIT ${RESTING.most}) AS resting`;
  return `
  SELECT resting.count < ${RESTING.neverRefused} OR resting.count < (${limitSql(tenant)}) AS allowed
  FROM (${resting}) AS resting`;
}

/**
 * Seconds until fewer addresses rest than the limit allows: the quarantine of the oldest address within the limit
 * ends then. Null if fewer rest already.
 */
const WAIT = `
SELECT ceil(extract(epoch FROM freed_at + $2 * interval '1 second' - now()))::int AS seconds, place::int AS most
FROM (SELECT freed_at, row_number() OVER (ORDER BY freed_at DESC) AS place ${restingSql('$1', '$2')}) AS resting
WHERE place = (${limitSql('$1')})`;

/** @throws CVaultError `churn_limit` if the limit is why no address was available */
export async function checkChurn(pool: pg.Pool, tenantId: string, quarantineSeconds: number): Promise<void> {
  const { rows } = await askAsTenant<{ seconds: number; most: number }>(pool, tenantId, WAIT, [
    tenantId,
    quarantineSeconds,
  ]);
  const wait = rows[0];
  if (wait === undefined) return;
  const retryAfterSeconds = Math.max(1, wait.seconds);
  throw new CVaultError(
    'churn_limit',
    `${wait.most} or more addresses of devices that the tenant deleted or moved within the last ${quarantineSeconds} s are not ` +
      `free yet. The next device can come in ${retryAfterSeconds} s. Nothing was changed.`,
    { retryAfterSeconds },
  );
}
