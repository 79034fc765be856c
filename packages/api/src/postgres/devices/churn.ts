/**
 * Addresses that a tenant may have resting, that is given back within the last quarantine and not in use again: a tenth of
 * what it has in use, at least 50 and at most 1,000. Half a /24 is then left to others whatever one tenant does, and a /16
 * does not notice; a tenant that replaces a tenth of its devices within one quarantine is not one that works normally.
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
