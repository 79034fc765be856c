import { CVaultError, type RateLimiter } from '@cvault/core';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { tenantOf } from './access.ts';
import { clientOf } from './client-address.ts';

/**
 * Counts a request to an authentication route, per tenant and client, by the tenant's own limit. Goes into `onRequest` of
 * routes with access `tenant`: it runs when the tenant is known and before the body is read.
 */
export function authRateLimit(limiter: RateLimiter): onRequestAsyncHookHandler {
  return async (request: FastifyRequest, reply) => {
    const { tenantId, policy } = tenantOf(request);
    const rate = { limit: policy.authRateLimit, windowSeconds: policy.authRateWindowSeconds };
    const state = await limiter.consume(`auth:${tenantId}:${clientOf(request.ip)}`, rate);
    // draft-ietf-httpapi-ratelimit-headers-11
    void reply.header('ratelimit-policy', `"auth";q=${rate.limit};w=${rate.windowSeconds}`);
    void reply.header('ratelimit', `"auth";r=${state.remaining};t=${state.resetSeconds}`);
    if (!state.allowed) {
      throw new CVaultError(
        'rate_limited',
        `Too many requests: at most ${rate.limit} in ${rate.windowSeconds} s.`,
        {
          retryAfterSeconds: state.resetSeconds,
        },
      );
    }
  };
}
