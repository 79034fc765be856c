import type { Principal } from '../access/principal.ts';
import { CVaultError } from '../errors.ts';
import type { RateLimit, RateLimiter, RateLimitState } from '../limits/rate-limiter.ts';
import type { FastifyReply } from 'fastify';
import type { LimitClass } from './access.ts';
import { COSTLY_SHARE, WITHOUT_TENANT } from '../limits/limits.ts';

/** One counter that a request increments. */
export interface Layer {
  /** The name in the RateLimit headers. */
  readonly name: 'auth' | 'tenant' | 'key' | 'user' | 'client' | 'costly';
  /** The counter's owner; includes the tenant's id. */
  readonly of: string;
  readonly rate: RateLimit;
}

const MINUTE = 60;

const perMinute = (limit: number): RateLimit => ({ limit, windowSeconds: MINUTE });

/** The counter of a client without a valid credential. No key or tenant pays for its requests. */
export const strangerLayers = (client: string): Layer[] => [
  { name: 'client', of: `stranger:${client}`, rate: WITHOUT_TENANT },
];

/** The counters of a request, from the sender's own to the shared ones. */
export function layersOf(principal: Principal, client: string, limit: LimitClass): Layer[] {
  if (limit === 'none') return [];
  if (principal.kind === 'admin') return [{ name: 'client', of: `admin:${client}`, rate: WITHOUT_TENANT }];
  const { tenantId, key, policy } = principal;
  const layer = (name: Layer['name'], of: string, rate: RateLimit): Layer => ({
    name,
    of: `${tenantId}:${of}`,
    rate,
  });
  const shared = [
    layer('key', key.id, perMinute(policy.keyRateLimit)),
    layer('tenant', '', perMinute(policy.tenantRateLimit)),
  ];
  if (limit === 'auth') {
    const rate = { limit: policy.authRateLimit, windowSeconds: policy.authRateWindowSeconds };
    return [layer('auth', client, rate), ...shared];
  }
  const [who, most] =
    principal.kind === 'user' ? [principal.userId, policy.userRateLimit] : [key.id, policy.keyRateLimit];
  const costly = limit === 'costly' ? [layer('costly', who, perMinute(Math.ceil(most / COSTLY_SHARE)))] : [];
  if (principal.kind === 'tenant') return [...costly, ...shared];
  return [
    ...costly,
    layer('user', principal.userId, perMinute(policy.userRateLimit)),
    // A backend's address belongs to it alone; many users share one.
    layer('client', client, perMinute(policy.clientRateLimit)),
    ...shared,
  ];
}

/** draft-ietf-httpapi-ratelimit-headers-11 */
function tell(reply: FastifyReply, states: readonly (Layer & RateLimitState)[]): void {
  const policies = states.map(({ name, rate }) => `"${name}";q=${rate.limit};w=${rate.windowSeconds}`);
  const left = states.map(
    ({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`,
  );
  void reply.headers({ 'ratelimit-policy': policies.join(', '), ratelimit: left.join(', ') });
}

/**
 * Counts a request in each layer in turn and stops at the first refusal, so a client over its own limit uses none
 * of the shared ones.
 * @throws CVaultError `rate_limited`
 */
export async function spend(
  limiter: RateLimiter,
  layers: readonly Layer[],
  reply: FastifyReply,
): Promise<void> {
  const states: (Layer & RateLimitState)[] = [];
  for (const layer of layers) {
    const state = await limiter.consume(`${layer.name}:${layer.of}`, layer.rate);
    states.push({ ...layer, ...state });
    if (state.allowed) continue;
    tell(reply, states);
    const { limit, windowSeconds } = layer.rate;
    throw new CVaultError(
      'rate_limited',
      `Too many requests: at most ${limit} in ${windowSeconds} s (${layer.name}).`,
      { retryAfterSeconds: state.resetSeconds },
    );
  }
  if (states.length > 0) tell(reply, states);
}
