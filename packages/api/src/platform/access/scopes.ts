/**
 * Permissions of API keys. `app` is the only scope that a key shipped inside the tenant's product needs: it signs
 * users in and acts for the user whose access token is sent. All others are for backends.
 */
export const SCOPES = [
  'app',
  'users:read',
  'users:write',
  /** Issues access tokens for any user, so it is as powerful as all their passwords. */
  'tokens:write',
  'devices:read',
  'devices:write',
  'sessions:read',
  'usage:read',
  'settings:read',
  'settings:write',
  'keys:read',
  'keys:write',
  'webhooks:read',
  'webhooks:write',
  'audit:read',
  /** Exports and erases what is stored about a user. */
  'privacy:write',
] as const;

export type Scope = (typeof SCOPES)[number];
