import type { Principal } from '../access/principal.ts';
import { CVaultError } from '../errors.ts';
import type { RateLimit, RateLimiter, RateLimitState } from '../limits/rate-limiter.ts';
import type { FastifyReply } from 'fastify';
import type { LimitClass } from './access.ts';

/** One count that a request adds to. */
export interface Layer {
  /** As the headers name it. */
  readonly name: 'auth' | 'tenant' | 'key' | 'user' | 'client' | 'costly';
  /** The owner of the count; holds the tenant's id. */
  readonly of: string;
  readonly rate: RateLimit;
}

const MINUTE = 60;
/** Of a client without a credential, and of the operator from one address. */
const WITHOUT_TENANT: RateLimit = { limit: 6_000, windowSeconds: MINUTE };
/** What works for long may be asked for so much more seldom. */
const COSTLY_SHARE = 20;

const perMinute = (limit: number): RateLimit => ({ limit, windowSeconds: MINUTE });

/** The count of whoever has no valid credential. It is nobody else's: no key and no tenant pays for it. */
export const strangerLayers = (client: string): Layer[] => [
  { name: 'client', of: `stranger:${client}`, rate: WITHOUT_TENANT },
];

/** The counts of a request, from the one that is most its sender's own to those that it shares with others. */
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
    // A backend's address is its own; users' addresses are many people's.
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
 * Counts a request in one layer after the other and stops at the first that refuses it, so that a client that is over its own
 * limit uses up nothing that it shares.
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
