import { CVaultError, type RateLimit, type RateLimiter } from '@cvault/core';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import fp from 'fastify-plugin';
import type { LimitClass } from './access.ts';
import { type Admission, takeShare } from './admission.ts';
import { clientOf } from './client-address.ts';

/** One count that a request adds to. */
interface Layer {
  /** As the headers name it. */
  readonly name: 'auth' | 'tenant' | 'key' | 'user' | 'client' | 'costly';
  /** Whose count it is; holds the tenant's id. */
  readonly of: string;
  readonly rate: RateLimit;
}

const MINUTE = 60;
/** Of whoever comes without an API key: the operator, and everybody on public routes. */
const STRANGER: RateLimit = { limit: 6_000, windowSeconds: MINUTE };
/** What works for long may be asked for so much more seldom. */
const COSTLY_SHARE = 20;

const perMinute = (limit: number): RateLimit => ({ limit, windowSeconds: MINUTE });

/** The counts of a request, from the one that is most its sender's own to those that it shares with others. */
function layersOf({ principal, ip }: FastifyRequest, limit: LimitClass): Layer[] {
  if (limit === 'none') return [];
  const client = clientOf(ip);
  if (principal === null || principal.kind === 'admin')
    return [{ name: 'client', of: client, rate: STRANGER }];
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

function limitHook(limit: LimitClass, limiter: RateLimiter, gate: Admission): onRequestAsyncHookHandler {
  return async (request, reply) => {
    takeShare(gate, request);
    const layers = layersOf(request, limit);
    const states = await Promise.all(
      layers.map(async (layer) => ({
        ...layer,
        ...(await limiter.consume(`${layer.name}:${layer.of}`, layer.rate)),
      })),
    );
    // draft-ietf-httpapi-ratelimit-headers-11
    const policies = states.map(({ name, rate }) => `"${name}";q=${rate.limit};w=${rate.windowSeconds}`);
    const left = states.map(
      ({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`,
    );
    void reply.headers({ 'ratelimit-policy': policies.join(', '), ratelimit: left.join(', ') });
    const used = states.filter(({ allowed }) => !allowed);
    const [first] = used;
    if (first === undefined) return;
    const { limit: most, windowSeconds } = first.rate;
    throw new CVaultError(
      'rate_limited',
      `Too many requests: at most ${most} in ${windowSeconds} s (${first.name}).`,
      {
        retryAfterSeconds: Math.max(...used.map(({ resetSeconds }) => resetSeconds)),
      },
    );
  };
}

/**
 * Counts every request by the limit class of its route, when its sender is known and before its body is read. Register it
 * before the access control, whose hook then comes first.
 */
export const rateLimits = fp<{ limiter: RateLimiter; admission: Admission }>(
  (app, { limiter, admission }, done) => {
    app.addHook('onRoute', (route) => {
      const limit = route.config?.limit;
      if (limit === undefined || limit === 'none') return;
      const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
      route.onRequest = [limitHook(limit, limiter, admission), ...others];
    });
    done();
  },
);
