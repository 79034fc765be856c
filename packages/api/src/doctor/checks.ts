import type { Breach } from './finding.ts';

/**
 * One query per breach, which returns server_id, tenant_id, subject and detail of offending rows. Constraints are
 * checked too: a restored dump or a superuser can violate them. `d` is a device that may still be on an interface;
 * a device with a `failure` has released its address.
 */
export const CHECKS: Readonly<Partial<Record<Breach, string>>> = {
  duplicate_address: `
SELECT d.server_id, NULL::uuid AS tenant_id, host(a.address) AS subject, count(*) || ' devices' AS detail
FROM devices d CROSS JOIN LATERAL (VALUES (d.assigned_ip), (d.assigned_ip6)) AS a (address)
WHERE d.removed_at IS NULL AND d.failure IS NULL AND a.address IS NOT NULL
GROUP BY d.server_id, a.address HAVING count(*) > 1`,

  duplicate_key: `
SELECT NULL::uuid AS server_id, NULL::uuid AS tenant_id, min(d.id::text) AS subject, string_agg(d.id::text, ' ') AS detail
FROM devices d WHERE d.removed_at IS NULL
GROUP BY d.public_key HAVING count(*) > 1`,

  leaked_lease: `
SELECT l.server_id, l.tenant_id, host(l.address) AS subject,
  l.state || ' for ' || coalesce('a device that is ' || d.state || CASE WHEN d.removed_at IS NULL THEN '' ELSE ', removed' END,
    'a device that does not exist') AS detail
FROM ip_pool l LEFT JOIN devices d ON d.tenant_id = l.tenant_id AND d.id = l.device_id
WHERE l.state IN ('held', 'draining') AND (
  d.id IS NULL OR d.removed_at IS NOT NULL OR (
    (l.state = 'held') <> (d.state IN ('live', 'suspended'))
    AND NOT EXISTS (
      SELECT FROM departures x WHERE x.device_id = d.id AND x.server_id = l.server_id AND x.address = l.address
    )
  )
)`,

  lost_lease: `
SELECT d.server_id, d.tenant_id, d.id::text AS subject, host(d.assigned_ip) || ' is ' || coalesce(l.state::text, 'in no pool') AS detail
FROM devices d LEFT JOIN ip_pool l ON l.server_id = d.server_id AND l.address = d.assigned_ip
WHERE d.state IN ('live', 'suspended') AND (l.state = 'held' AND l.tenant_id = d.tenant_id AND l.device_id = d.id) IS NOT TRUE`,

  early_release: `
SELECT d.server_id, d.tenant_id, d.id::text AS subject, host(d.assigned_ip) || ' is ' || coalesce(l.state::text, 'in no pool') AS detail
FROM devices d LEFT JOIN ip_pool l ON l.server_id = d.server_id AND l.address = d.assigned_ip
WHERE (d.state = 'failed' OR d.state = 'deleted' AND d.failure IS NULL) AND d.removed_at IS NULL
  AND d.applied_generation < d.generation AND (l.state = 'draining' AND l.tenant_id = d.tenant_id AND l.device_id = d.id) IS NOT TRUE`,

  outside_pool: `
SELECT l.server_id, l.tenant_id, host(l.address) AS subject, 'pool ' || p.cidr AS detail
FROM ip_pool l JOIN pools p ON p.server_id = l.server_id AND p.id = l.pool_id
WHERE NOT l.address << p.cidr OR l.address = p.gateway`,

  counter_off: `
SELECT NULL::uuid AS server_id, t.id AS tenant_id, t.id::text AS subject, t.device_count || ' counted, ' || c.devices || ' there' AS detail
FROM tenants t CROSS JOIN LATERAL (
  SELECT count(*) AS devices FROM devices d WHERE d.tenant_id = t.id AND d.state IN ('live', 'suspended')
) AS c WHERE t.device_count <> c.devices
UNION ALL
SELECT NULL, u.tenant_id, u.id::text, u.device_count || ' counted, ' || c.devices || ' there'
FROM tenant_users u CROSS JOIN LATERAL (
  SELECT count(*) AS devices FROM devices d
  WHERE d.tenant_id = u.tenant_id AND d.user_id = u.id AND d.state IN ('live', 'suspended')
) AS c WHERE u.device_count <> c.devices`,

  generation_ahead: `
SELECT d.server_id, d.tenant_id, d.id::text AS subject, d.applied_generation || ' of ' || d.generation AS detail
FROM devices d WHERE d.applied_generation > d.generation`,

  unqueued_change: `
SELECT d.server_id, d.tenant_id, d.id::text AS subject, d.applied_generation || ' of ' || d.generation AS detail
FROM devices d WHERE d.removed_at IS NULL AND d.applied_generation < d.generation
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.device_id = d.id AND o.generation = d.generation)`,

  acknowledged_queued: `
SELECT o.server_id, o.tenant_id, o.device_id::text AS subject, 'entry ' || o.id || ', generation ' || o.generation AS detail
FROM outbox o JOIN devices d ON d.id = o.device_id AND d.server_id = o.server_id
WHERE o.generation <= d.generation AND d.applied_generation = d.generation`,

  unregistered_key: `
SELECT d.server_id, d.tenant_id, d.id::text AS subject, CASE WHEN k.key_hash IS NULL THEN 'not there' ELSE 'of another device' END AS detail
FROM devices d LEFT JOIN public_keys k ON k.key_hash = sha256(d.public_key)
WHERE d.removed_at IS NULL AND (k.tenant_id = d.tenant_id AND k.device_id = d.id) IS NOT TRUE`,

  retired_key_alive: `
SELECT d.server_id, d.tenant_id, d.id::text AS subject, 'removed at ' || d.removed_at AS detail
FROM public_keys k JOIN devices d ON d.id = k.device_id WHERE d.removed_at IS NOT NULL`,

  stuck_pending: `
SELECT o.server_id, o.tenant_id, o.device_id::text AS subject,
  'generation ' || o.generation || ', ' || o.attempts || ' attempts since ' || o.created_at AS detail
FROM outbox o JOIN servers s ON s.id = o.server_id
WHERE o.created_at < now() - interval '60 seconds' AND s.last_contact_at > now() - interval '60 seconds'`,

  server_degraded: `
SELECT s.id AS server_id, NULL::uuid AS tenant_id, s.name || ': ' || (r.value ->> 'code') AS subject,
  (r.value ->> 'detail') || ', since ' || (r.value ->> 'since') AS detail
FROM servers s CROSS JOIN LATERAL jsonb_array_elements(s.degraded_reasons) AS r WHERE s.state <> 'removed'`,

  foreign_reference: `
SELECT NULL::uuid AS server_id, tenant_id, subject, detail FROM (
  SELECT d.tenant_id, d.id::text AS subject, 'device of another tenant’s user' AS detail
  FROM devices d JOIN tenant_users u ON u.id = d.user_id WHERE u.tenant_id <> d.tenant_id
  UNION ALL
  SELECT l.tenant_id, host(l.address), 'lease of another tenant’s device'
  FROM ip_pool l JOIN devices d ON d.id = l.device_id WHERE d.tenant_id <> l.tenant_id
  UNION ALL
  SELECT o.tenant_id, o.device_id::text, 'queued change of another tenant’s device'
  FROM outbox o JOIN devices d ON d.id = o.device_id WHERE d.tenant_id <> o.tenant_id
  UNION ALL
  SELECT s.tenant_id, s.id::text, 'session of another tenant’s device'
  FROM sessions s JOIN devices d ON d.id = s.device_id WHERE d.tenant_id <> s.tenant_id
) AS foreign_rows`,
};
