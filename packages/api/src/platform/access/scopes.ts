/**
 * What an API key may be allowed to do. `app` is the only one that a key needs which is shipped inside the tenant’s
 * product: it signs users in and acts for a user whose access token comes with it. All others are for a backend.
 */
export const SCOPES = [
  'app',
  'users:read',
  'users:write',
  /** Makes access tokens for any user, so as good as all their passwords. */
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
