-- The tenant that the transaction stands for. Null, which equals nothing, where it stands for none: a setting that was once
-- made in a session is empty afterwards, not unset. Short enough for PostgreSQL to inline it.
CREATE OR REPLACE FUNCTION "current_tenant"() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('cvault.tenant', true), '')::uuid $$;
