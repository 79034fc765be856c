-- Writes a row of the audit log for a changed row. The trigger's arguments: the kind of the row, then its bookkeeping columns.
-- The log keeps the names of the changed columns, never a value. The transaction says who acts: 'act|actor kind|actor id|request id'.
CREATE OR REPLACE FUNCTION "audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  subject jsonb;
  earlier jsonb;
  names text[] := '{}';
  context text[] := string_to_array(nullif(current_setting('cvault.act', true), ''), '|');
BEGIN
  IF TG_OP = 'DELETE' THEN
    subject := to_jsonb(OLD);
  ELSE
    subject := to_jsonb(NEW);
  END IF;
  IF TG_OP = 'UPDATE' THEN
    earlier := to_jsonb(OLD);
    SELECT coalesce(array_agg(key ORDER BY key), '{}') INTO names FROM jsonb_each(subject)
    WHERE value IS DISTINCT FROM earlier -> key AND key <> ALL (coalesce(TG_ARGV[1:], '{}'));
    IF names = '{}' THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO "audit_log" ("tenant_id", "act", "actor_kind", "actor_id", "target_kind", "target_id", "request_id", "changed")
  VALUES (
    (CASE TG_ARGV[0] WHEN 'tenant' THEN subject ->> 'id' ELSE subject ->> 'tenant_id' END)::uuid,
    coalesce(nullif(context[1], ''), TG_ARGV[0] || CASE TG_OP WHEN 'INSERT' THEN '.created' WHEN 'UPDATE' THEN '.changed' ELSE '.deleted' END),
    coalesce(nullif(context[2], ''), 'login'),
    CASE WHEN context IS NULL THEN regexp_replace(session_user, '[^!-~]', '?', 'g') ELSE nullif(context[3], '') END,
    TG_ARGV[0], coalesce(subject ->> 'id', subject ->> 'server_id', subject ->> 'user_id', subject ->> 'tenant_id'), nullif(context[4], ''), names
  );
  RETURN NULL;
END
$$;
