import { parseRoute } from '@cvault/wireguard';
import { CVaultError } from '../errors.ts';
import type { ApiKeyMode } from './api-key.ts';
import { type Scope, SCOPES } from './scopes.ts';

/** The API key of a request and its rights. */
export interface KeyGrant {
  readonly id: string;
  /** `test` keys use simulated VPN servers, and have their own users and devices. */
  readonly mode: ApiKeyMode;
  /** Null: all scopes, including future ones. Keys older than scopes and the demo's key have null. */
  readonly scopes: readonly Scope[] | null;
}

/** The limits of an API key. */
export interface KeyBounds {
  readonly mode: ApiKeyMode;
  /** Null: all scopes, including future ones. */
  readonly scopes: readonly Scope[] | null;
  /** Canonical ranges that the key may be used from; empty for everywhere. */
  readonly allowedSources: readonly string[];
  /** When the key stops working; null for never. */
  readonly expiresAt: Date | null;
}

/** Scopes whose data has no mode and so includes live users and devices. */
const LIVE_ONLY: ReadonlySet<Scope> = new Set<Scope>([
  'settings:write',
  'webhooks:read',
  'webhooks:write',
  'audit:read',
  'privacy:write',
]);

/** @throws CVaultError `insufficient_scope`, which names the scope */
export function checkScope({ scopes, mode }: KeyGrant, scope: Scope): void {
  if (mode === 'test' && LIVE_ONLY.has(scope))
    throw new CVaultError('insufficient_scope', `A test key cannot use the scope ${scope}.`);
  if (scopes === null || scopes.includes(scope)) return;
  throw new CVaultError('insufficient_scope', `The API key does not have the scope ${scope}.`);
}

/** The scopes in `wanted` that a key lacks, and so cannot grant to another key. */
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

/** The ranges in `wanted` that a key itself cannot be used from. An empty list means everywhere. */
function sourcesBeyond(own: readonly string[], wanted: readonly string[]): readonly string[] {
  if (own.length === 0) return [];
  const ranges = wanted.length === 0 ? ['0.0.0.0/0', '::/0'] : wanted;
  return ranges.filter((range) => !own.some((outer) => within(range, outer)));
}

/**
 * A key cannot grant or revoke more than it has: mode, scopes, addresses and lifetime.
 * @throws CVaultError `insufficient_scope`, which names the excess
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
