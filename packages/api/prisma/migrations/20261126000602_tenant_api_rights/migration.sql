-- Walls and rights for the tenant's own API, test mode and writes that are sent again.

SELECT "wall_off"('idempotency_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON "idempotency_keys" TO "cvault_api", "cvault_operator";
GRANT SELECT ("claim_hash", "created_at"), DELETE ON "idempotency_keys" TO "cvault_jobs";

GRANT SELECT ("tenant_rate_limit", "key_rate_limit", "user_rate_limit", "client_rate_limit") ON "tenants" TO "cvault_authenticator";
GRANT SELECT ("mode") ON "tenant_users" TO "cvault_authenticator";

GRANT SELECT ("mode") ON "servers" TO "cvault_api";
GRANT UPDATE ("state", "external_id", "metadata") ON "tenant_users" TO "cvault_api";
