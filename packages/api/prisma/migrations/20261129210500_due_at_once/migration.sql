-- What is to be done at once is due at once. These columns hold whole milliseconds, and PostgreSQL rounds: of what became
-- due "now", half was due up to half a millisecond later, and a replica that was woken for it found nothing.
ALTER TABLE "outbox" ALTER COLUMN "not_before" SET DEFAULT date_trunc('milliseconds', CURRENT_TIMESTAMP);
ALTER TABLE "mail_outbox" ALTER COLUMN "not_before" SET DEFAULT date_trunc('milliseconds', CURRENT_TIMESTAMP);
ALTER TABLE "webhook_deliveries" ALTER COLUMN "due_at" SET DEFAULT date_trunc('milliseconds', CURRENT_TIMESTAMP);
ALTER TABLE "meter_passes" ALTER COLUMN "due_at" SET DEFAULT date_trunc('milliseconds', CURRENT_TIMESTAMP);
ALTER TABLE "servers" ALTER COLUMN "look_after" SET DEFAULT date_trunc('milliseconds', CURRENT_TIMESTAMP);

-- UUID version 7 (RFC 9562). Its method 3: the 12 bits after the version count 4096ths of a millisecond, so that events of one
-- millisecond lie in the order of their making, too.
CREATE OR REPLACE FUNCTION "new_event_id"() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(
    substring(int8send(micros / 1000) FROM 3)
      || substring(int4send(28672 + ((micros % 1000) * 4096 / 1000)::int) FROM 3)
      || substring(uuid_send(gen_random_uuid()) FROM 9),
    'hex')::uuid
  FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros) AS t
$$;
