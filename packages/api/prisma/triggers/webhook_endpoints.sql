CREATE OR REPLACE TRIGGER "webhook_endpoints_emit" AFTER UPDATE ON "webhook_endpoints" FOR EACH ROW
  WHEN (OLD."disabled_at" IS NULL AND NEW."disabled_at" IS NOT NULL AND NEW."disabled_reason" <> 'manual')
  EXECUTE FUNCTION "emit_endpoint_events"();

SELECT "keep_audit"('webhook_endpoints', 'webhook_endpoint', 'failing_since');
