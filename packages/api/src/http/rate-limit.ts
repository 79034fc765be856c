import { CVaultError, type RateLimiter } from '@cvault/core';
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import ipaddr from 'ipaddr.js';
import { tenantOf } from './access.ts';

const IPV6_SITE_GROUPS = 4;

/**
 * What counts as one client: an IPv4 address, or the /64 of an IPv6 address, of which one customer line has 2^64.
 * @param address as Fastify tells it: the peer's, or what a trusted proxy says
 */
export function clientOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const groups = (parsed as ipaddr.IPv6).parts.slice(0, IPV6_SITE_GROUPS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}

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
