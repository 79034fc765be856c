import { HOLDS } from './hold.ts';
import { KEY_WARNING_DAYS } from './upkeep.ts';

const { first, last } = KEY_WARNING_DAYS;

/**
 * Whether the key of device `d` of tenant `t` ends within so many days. If keys live no longer than that, there is
 * no warning at once.
 */
const endsWithin = (days: number) =>
  `(t.key_lifetime_days > ${days} AND d.key_changed_at < now() - (t.key_lifetime_days - ${days}) * interval '1 day')`;

/** The first two lines match the index of key ages. An ended key is reported as `device.suspended` instead. */
const DUE = `
d.state IN ('live', 'suspended') AND d.holds & ${HOLDS.key} = 0
AND d.key_changed_at BETWEEN now() - t.key_lifetime_days * interval '1 day' AND now() - (t.key_lifetime_days - ${first}) * interval '1 day'
AND (${endsWithin(last)} AND coalesce(d.key_expiry_told_days, ${first}) > ${last}
  OR ${endsWithin(first)} AND d.key_expiry_told_days IS NULL)`;

/** Tenants one by one, each by its index of key ages. */
export const DUE_KEY_WARNINGS = `
SELECT due.id FROM tenants t CROSS JOIN LATERAL (
  SELECT d.id FROM devices d WHERE d.tenant_id = t.id AND ${DUE} AND d.id <> ALL ($2::uuid[])
  ORDER BY d.key_changed_at LIMIT $1
) AS due LIMIT $1`;

/** Stores the warning; the trigger devices_emit_update sends it. VPN servers are not involved. */
export const WARN_OF_KEY_EXPIRY = `
WITH due AS (
  SELECT d.id, CASE WHEN ${endsWithin(last)} THEN ${last} ELSE ${first} END AS days
  FROM devices d JOIN tenants t ON t.id = d.tenant_id
  WHERE d.id = ANY ($1::uuid[]) AND ${DUE} ORDER BY d.id FOR UPDATE OF d
)
UPDATE devices SET key_expiry_told_days = due.days FROM due WHERE devices.id = due.id`;
