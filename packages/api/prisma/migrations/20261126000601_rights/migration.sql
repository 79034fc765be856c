-- Walls and rights for what was built beside them.

SELECT "wall_off"('signing_keys');

GRANT SELECT ("mode", "scopes", "allowed_sources", "expires_at") ON "api_keys" TO "cvault_authenticator";
GRANT SELECT, INSERT, UPDATE ("revoked_at", "expires_at") ON "api_keys" TO "cvault_api";
GRANT UPDATE ("last_used_at") ON "api_keys" TO "cvault_jobs";

GRANT SELECT, INSERT, DELETE ON "signing_keys" TO "cvault_api", "cvault_jobs";

GRANT INSERT ON "departures" TO "cvault_links";
