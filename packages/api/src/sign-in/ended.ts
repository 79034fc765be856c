import { type OldRows, rowsOf } from '../platform/db/old-rows.ts';

const hash = (column: string) => `encode(substring(${column}, 1, 8), 'hex')`;

/** Ended or expired rows, for deletion. */
export const ENDED: readonly OldRows[] = [
  {
    what: 'sign-ins',
    ...rowsOf('sign_ins', 'id::text', "least(expires_at, revoked_at) < now() - interval '1 day'"),
  },
  { what: 'tries', ...rowsOf('sign_in_tries', "tenant_id || ' ' || ctid::text", 'spent_until < now()') },
  { what: 'links', ...rowsOf('user_links', hash('token_hash'), 'expires_at < now()') },
  { what: 'sign-ups', ...rowsOf('sign_ups', 'id::text', 'expires_at < now()') },
  { what: 'second factors', ...rowsOf('sign_in_challenges', hash('token_hash'), 'expires_at < now()') },
  { what: 'used tokens', ...rowsOf('used_id_tokens', hash('fingerprint'), 'expires_at < now()') },
];
