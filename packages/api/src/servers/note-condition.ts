/**
 * Stores an agent's report of its host, and an event for each news. Every replica receives it: the row's lock
 * admits one after the other, and only differences are written. Each mend has a number within the agent's life, so
 * it is written once.
 *
 * $1 VPN server, $2 epoch, $3 problems [{code, detail}], $4 mends [{number, code, detail}]
 */
export const NOTE_CONDITION = `
WITH before AS MATERIALIZED (
  SELECT id, degraded_reasons AS reasons FROM servers WHERE id = $1 AND epoch = $2 FOR UPDATE
), old AS (
  SELECT r.value ->> 'code' AS code, r.value ->> 'since' AS since FROM before, jsonb_array_elements(before.reasons) AS r
), present AS (
  SELECT p.code, p.detail, old.code IS NULL AS is_new,
    coalesce(old.since, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) AS since
  FROM before, jsonb_to_recordset($3) AS p (code text, detail text) LEFT JOIN old ON old.code = p.code
), wanted AS (
  SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'detail', detail, 'since', since) ORDER BY code), '[]') AS reasons
  FROM present
), mended AS (
  INSERT INTO server_events (server_id, type, code, detail, epoch, number)
  SELECT before.id, 'server.mended', m.code, m.detail, $2, m.number
  FROM before, jsonb_to_recordset($4) AS m (number int, code text, detail text)
  ON CONFLICT (server_id, epoch, number) DO NOTHING RETURNING id
), told AS (
  INSERT INTO server_events (server_id, type, code, detail)
  SELECT before.id, 'server.degraded', code, detail FROM before, present WHERE is_new
  UNION ALL
  SELECT before.id, 'server.restored', old.code, '' FROM before, old
  WHERE NOT EXISTS (SELECT FROM present WHERE present.code = old.code)
)
UPDATE servers SET degraded_reasons = wanted.reasons,
  degraded_since = CASE WHEN wanted.reasons <> '[]' THEN coalesce(servers.degraded_since, now()) END,
  drift_found = servers.drift_found + found.mends,
  drift_found_at = CASE WHEN found.mends > 0 THEN now() ELSE servers.drift_found_at END
FROM before, wanted, (SELECT count(*) AS mends FROM mended) AS found
WHERE servers.id = before.id AND (before.reasons <> wanted.reasons OR found.mends > 0)`;
