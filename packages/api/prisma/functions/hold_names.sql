-- The names of the bits in devices.holds, as HOLDS in devices/hold.ts has them.
CREATE OR REPLACE FUNCTION "hold_names"("bits" INTEGER) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg("name" ORDER BY "bit"), '{}')
  FROM unnest(ARRAY[1, 2, 4, 8, 16, 32, 64], ARRAY['tenant', 'user', 'server', 'data', 'expired', 'key', 'device']) AS h ("bit", "name")
  WHERE bits & "bit" <> 0
$$;
