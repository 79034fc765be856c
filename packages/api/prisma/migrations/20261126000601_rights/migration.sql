-- Walls and rights for what was built beside them.

SELECT "wall_off"('signing_keys');

GRANT SELECT ("mode", "scopes", "allowed_sources", "expires_at") ON "api_keys" TO "cvault_authenticator";
GRANT SELECT, INSERT, UPDATE ("revoked_at", "expires_at") ON "api_keys" TO "cvault_api";
GRANT UPDATE ("last_used_at") ON "api_keys" TO "cvault_jobs";

GRANT SELECT, INSERT, DELETE ON "signing_keys" TO "cvault_api", "cvault_jobs";

GRANT INSERT ON "departures" TO "cvault_links";

-- Whoever changes a device, a session, a user or what a limit has come to writes the event.
SELECT "wall_off"("table"::regclass)
FROM unnest(ARRAY['webhook_endpoints', 'webhook_events', 'webhook_deliveries', 'webhook_attempts']) AS "table";
GRANT SELECT ("id", "tenant_id", "disabled_at", "events") ON "webhook_endpoints" TO "cvault_operator", "cvault_links", "cvault_metering";
GRANT SELECT ("id"), INSERT ON "webhook_events" TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs";
GRANT INSERT ON "webhook_deliveries" TO "cvault_operator", "cvault_links", "cvault_metering", "cvault_jobs";
-- The tenant’s own endpoints.
GRANT SELECT, INSERT, UPDATE, DELETE ON "webhook_endpoints" TO "cvault_api";
GRANT SELECT, INSERT ON "webhook_events" TO "cvault_api";
GRANT SELECT, INSERT, UPDATE ON "webhook_deliveries" TO "cvault_api";
GRANT SELECT ON "webhook_attempts" TO "cvault_api";
-- What sends them.
GRANT SELECT, UPDATE ON "webhook_endpoints", "webhook_deliveries" TO "cvault_jobs";
GRANT SELECT ON "webhook_events" TO "cvault_jobs";
GRANT INSERT ON "webhook_attempts" TO "cvault_jobs";
GRANT USAGE ON SEQUENCE "webhook_attempts_id_seq" TO "cvault_jobs";
