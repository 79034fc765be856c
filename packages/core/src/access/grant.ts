import { CVaultError } from '../errors.ts';
import type { ApiKeyMode } from './api-keys.ts';
import { type Scope, SCOPES } from './scopes.ts';

/** The API key of a request, and what it was made for. */
export interface KeyGrant {
  readonly id: string;
  /** `test`: simulated VPN servers, and users and devices of their own. */
  readonly mode: ApiKeyMode;
  /** Null: all that there are, also those to come. Keys from before there were scopes have it, and the demo’s. */
  readonly scopes: readonly Scope[] | null;
}

/** What these are about has no mode: it is of live users and devices too. */
const LIVE_ONLY: ReadonlySet<Scope> = new Set<Scope>([
  'settings:write',
  'webhooks:read',
  'webhooks:write',
  'audit:read',
  'privacy:write',
]);

/** @throws CVaultError `insufficient_scope`, which names it */
export function checkScope({ scopes, mode }: KeyGrant, scope: Scope): void {
  if (mode === 'test' && LIVE_ONLY.has(scope))
    throw new CVaultError('insufficient_scope', `A test key cannot use the scope ${scope}.`);
  if (scopes === null || scopes.includes(scope)) return;
  throw new CVaultError('insufficient_scope', `The API key does not have the scope ${scope}.`);
}

/** What of `wanted` a key has not got itself, and so cannot give to another one. */
export function scopesBeyond({ scopes }: KeyGrant, wanted: readonly Scope[] | null): readonly Scope[] {
  if (scopes === null) return [];
  return (wanted ?? SCOPES).filter((scope) => !scopes.includes(scope));
}
