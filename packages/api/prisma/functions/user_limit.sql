-- A user's limit: the tenant's own setting for the user, at most the operator's, else the plan's. Null: no limit.
CREATE OR REPLACE FUNCTION "user_limit"("given" bigint, "by_operator" bigint, "of_plan" bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN least("given", coalesce("by_operator", "of_plan"));
