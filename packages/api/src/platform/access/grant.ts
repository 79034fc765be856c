import { parseRoute } from '@cvault/wireguard';
import { CVaultError } from '../errors.ts';
import type { ApiKeyMode } from './api-key.ts';
import { type Scope, SCOPES } from './scopes.ts';

/** The API key of a request, and what it was made for. */
export interface KeyGrant {
  readonly id: string;
  /** `test`: simulated VPN servers, and users and devices of their own. */
  readonly mode: ApiKeyMode;
  /** Null: all that there are, also those to come. Keys from before there were scopes have it, and the demo’s. */
  readonly scopes: readonly Scope[] | null;
}

/** What an API key is bound to. */
export interface KeyBounds {
  readonly mode: ApiKeyMode;
  /** Null: all that there are, also those to come. */
  readonly scopes: readonly Scope[] | null;
  /** Ranges that it may be used from, canonical; empty for everywhere. */
  readonly allowedSources: readonly string[];
  /** It opens nothing from then on; null for never. */
  readonly expiresAt: Date | null;
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
export function scopesBeyond(
  { scopes }: Pick<KeyBounds, 'scopes'>,
  wanted: readonly Scope[] | null,
): readonly Scope[] {
  if (scopes === null) return [];
  return (wanted ?? SCOPES).filter((scope) => !scopes.includes(scope));
}

function within(range: string, outer: string): boolean {
  const [one, other] = [parseRoute(range), parseRoute(outer)];
  return one.family === other.family && one.first >= other.first && one.last <= other.last;
}

/** Ranges that a key cannot be used from itself. No ranges are all. */
function sourcesBeyond(own: readonly string[], wanted: readonly string[]): readonly string[] {
  if (own.length === 0) return [];
  const ranges = wanted.length === 0 ? ['0.0.0.0/0', '::/0'] : wanted;
  return ranges.filter((range) => !own.some((outer) => within(range, outer)));
}

/**
 * A key gives, and takes away, no more than it has itself: mode, scopes, addresses and time.
 * @throws CVaultError `insufficient_scope`, which says what is beyond
 */
export function checkWithin(own: KeyBounds, wanted: KeyBounds): void {
  const refuse = (what: string) => {
    throw new CVaultError(
      'insufficient_scope',
      `An API key can neither give nor revoke more than it has: ${what}.`,
    );
  };
  if (own.mode === 'test' && wanted.mode === 'live') refuse('the live mode');
  const scopes = scopesBeyond(own, wanted.scopes);
  if (scopes.length > 0) refuse(scopes.join(', '));
  const sources = sourcesBeyond(own.allowedSources, wanted.allowedSources);
  if (sources.length > 0) refuse(`use from ${sources.join(', ')}`);
  if (own.expiresAt !== null && (wanted.expiresAt === null || wanted.expiresAt > own.expiresAt))
    refuse(`a life beyond ${own.expiresAt.toISOString()}`);
}
