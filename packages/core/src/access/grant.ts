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

/** @throws CVaultError `insufficient_scope`, which names it */
export function checkScope({ scopes }: KeyGrant, scope: Scope): void {
  if (scopes === null || scopes.includes(scope)) return;
  throw new CVaultError('insufficient_scope', `The API key does not have the scope ${scope}.`);
}

/** What of `wanted` a key has not got itself, and so cannot give to another one. */
export function scopesBeyond({ scopes }: KeyGrant, wanted: readonly Scope[] | null): readonly Scope[] {
  if (scopes === null) return [];
  return (wanted ?? SCOPES).filter((scope) => !scopes.includes(scope));
}
