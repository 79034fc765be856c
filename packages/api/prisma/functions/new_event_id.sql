-- UUID version 7 (RFC 9562), because PostgreSQL has a function for it only from 18 on. Method 3: the 12 bits after the version
-- count 4096ths of a millisecond, so events of one millisecond keep their order.
CREATE OR REPLACE FUNCTION "new_event_id"() RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(
    substring(int8send(micros / 1000) FROM 3)
      || substring(int4send(28672 + ((micros % 1000) * 4096 / 1000)::int) FROM 3)
      || substring(uuid_send(gen_random_uuid()) FROM 9),
    'hex')::uuid
  FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS micros) AS t
$$;
