import type { Authenticator } from '../access/authenticator.ts';
import type { AdminPrincipal, Principal, TenantPrincipal, UserPrincipal } from '../access/principal.ts';
import { type Scope, SCOPES } from '../access/scopes.ts';
import type { TenantScope } from '../access/tenant-scope.ts';
import type { FastifyContextConfig, FastifyRequest, RouteOptions } from 'fastify';
import { addressOf } from './client-address.ts';

/**
 * The callers that a route admits. `public`: anyone. `tenant`: a tenant's backend, with X-API-Key. `user`: an end user, with
 * X-API-Key and an access token. `admin`: the operator, with the admin key.
 */
export type Access = 'public' | 'tenant' | 'user' | 'admin';

/** An act's name in the audit log, such as `device.register`. */
type Act = `${string}.${string}`;

/**
 * How requests to a route are counted. `none`: never counted and never shed, for health probes and monitoring.
 * `auth`: routes where credentials can be guessed. `costly`: slow handlers and large reads. See rate-limit.ts and
 * door.ts.
 */
export type LimitClass = 'none' | 'auth' | 'read' | 'write' | 'costly';

declare module 'fastify' {
  interface FastifyContextConfig {
    access: Access;
    /** The scope that the API key needs. Required for access `tenant` and `user`, forbidden for the others. */
    scope?: Scope;
    /** The act's name in the audit log; null if the route changes nothing. */
    act: Act | null;
    limit: LimitClass;
    /** The methods that the path supports. Set only on routes that answer 405. */
    allow?: string;
  }
  interface FastifyRequest {
    /** The sender; null on public routes. Handlers read it with `tenantOf` and `userOf`. */
    principal: Principal | null;
  }
}

/** RFC 6750 section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

function bearerOf(request: FastifyRequest): string | undefined {
  return BEARER.exec(request.headers.authorization ?? '')?.[1];
}

export function apiKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  return Array.isArray(header) ? header.join() : header;
}

/** Identifies the sender of a request to a non-public route. @throws CVaultError as the authenticator */
export async function authenticate(
  request: FastifyRequest,
  authenticator: Authenticator,
): Promise<Principal> {
  switch (request.routeOptions.config.access) {
    case 'tenant':
      return authenticator.tenant(apiKeyOf(request), addressOf(request.ip));
    case 'user':
      return authenticator.user(apiKeyOf(request), bearerOf(request), addressOf(request.ip));
    case 'admin':
      return authenticator.admin(bearerOf(request));
    case 'public':
      throw new Error('a route for everybody asks who sends a request');
  }
}

/**
 * Routes that plugins add, for the documentation page and CORS preflights. They are static and the same for
 * everybody.
 */
const PLUGIN: FastifyContextConfig = { access: 'public', act: null, limit: 'read' };

function isOfPlugin({ url, method }: RouteOptions): boolean {
  return url === '/docs' || url.startsWith('/docs/') || (url === '*' && method === 'OPTIONS');
}

const ACCESSES: readonly unknown[] = ['public', 'tenant', 'user', 'admin'] satisfies Access[];
const LIMITS: readonly unknown[] = ['none', 'auth', 'read', 'write', 'costly'] satisfies LimitClass[];
const ACT = /^[a-z_-]+\.[a-z_-]+$/;

/**
 * The first field of `config` that is missing or invalid; null if there is none. TypeScript checks only routes that
 * have a `config`.
 */
function undeclared({ config, method }: RouteOptions): string | null {
  const { access, scope, act, limit } = (config ?? {}) as {
    readonly [K in keyof FastifyContextConfig]: unknown;
  };
  if (!ACCESSES.includes(access)) return 'access';
  const byApiKey = access === 'tenant' || access === 'user';
  if (byApiKey ? !(SCOPES as readonly unknown[]).includes(scope) : scope !== undefined) return 'scope';
  const reads = [method].flat().every((each) => each === 'GET' || each === 'HEAD');
  if (act === null ? false : typeof act !== 'string' || !ACT.test(act) || reads) return 'act';
  if (!LIMITS.includes(limit)) return 'limit';
  return null;
}

/**
 * Requires a route to declare its access, scope, act and limit. @throws Error for an incomplete declaration, which
 * stops the start
 */
export function checkDeclaration(route: RouteOptions): void {
  if (isOfPlugin(route)) route.config ??= PLUGIN;
  const missing = undeclared(route);
  if (missing !== null) {
    throw new Error(`${String(route.method)} ${route.url} does not declare config.${missing}`);
  }
}

function principalOf<K extends Principal['kind']>(request: FastifyRequest, kind: K) {
  const { principal } = request;
  if (principal?.kind !== kind) {
    throw new Error(
      `a handler wants a principal of kind ${kind}, its route is for ${request.routeOptions.config.access}`,
    );
  }
  return principal as Extract<Principal, { kind: K }>;
}

/** The tenant that sent the request. Only for routes with access `tenant`. */
export const tenantOf = (request: FastifyRequest): TenantPrincipal => principalOf(request, 'tenant');

/** The rows that the request's API key may see. Only for routes with access `tenant`. */
export function scopeOf(request: FastifyRequest): TenantScope {
  const { tenantId, key } = tenantOf(request);
  return { tenantId, mode: key.mode };
}

/** The user that sent the request. Only for routes with access `user`. */
export const userOf = (request: FastifyRequest): UserPrincipal => principalOf(request, 'user');

/** The operator. Only for routes with access `admin`. */
export const adminOf = (request: FastifyRequest): AdminPrincipal => principalOf(request, 'admin');
