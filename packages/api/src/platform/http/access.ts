import type { Authenticator } from '../access/authenticator.ts';
import type { AdminPrincipal, Principal, TenantPrincipal, UserPrincipal } from '../access/principal.ts';
import { type Scope, SCOPES } from '../access/scopes.ts';
import type { TenantScope } from '../access/tenant-scope.ts';
import type { FastifyContextConfig, FastifyRequest, RouteOptions } from 'fastify';
import { addressOf } from './client-address.ts';

/**
 * Whom a route is for. `public`: everybody. `tenant`: a tenant's backend, by X-API-Key. `user`: an end user, by X-API-Key
 * and an access token. `admin`: the operator, by the admin key.
 */
export type Access = 'public' | 'tenant' | 'user' | 'admin';

/** What the audit log calls an act, such as `device.register`. */
type Act = `${string}.${string}`;

/**
 * How a route's requests are counted. `none`: not at all, and never shed: what load balancers and the operator's monitoring
 * ask. `auth`: what guesses at credentials. `costly`: what works for long, or reads much. See rate-limit.ts and door.ts.
 */
export type LimitClass = 'none' | 'auth' | 'read' | 'write' | 'costly';

declare module 'fastify' {
  interface FastifyContextConfig {
    access: Access;
    /** What the API key has to be allowed to do; routes with access `tenant` and `user` have to say so, others must not. */
    scope?: Scope;
    /** What the audit log calls it; null where nothing changes. */
    act: Act | null;
    limit: LimitClass;
    /** The methods that the path knows, on a route that answers 405. */
    allow?: string;
  }
  interface FastifyRequest {
    /** Who sends the request; null on public routes. Handlers read it with `tenantOf`, `userOf`. */
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

/** Finds out who sends a request to a route that is not for everybody. @throws CVaultError as the authenticator */
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

/** What plugins make for the documentation page and for CORS preflights: static, the same for everybody. */
const PLUGIN: FastifyContextConfig = { access: 'public', act: null, limit: 'read' };

function isOfPlugin({ url, method }: RouteOptions): boolean {
  return url === '/docs' || url.startsWith('/docs/') || (url === '*' && method === 'OPTIONS');
}

const ACCESSES: readonly unknown[] = ['public', 'tenant', 'user', 'admin'] satisfies Access[];
const LIMITS: readonly unknown[] = ['none', 'auth', 'read', 'write', 'costly'] satisfies LimitClass[];
const ACT = /^[a-z_-]+\.[a-z_-]+$/;

/** What a route has not declared, or not rightly. TypeScript says so too, where a route has a `config` at all. */
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
 * Has a route say whom it is for, what an API key must be allowed to use it, what it does and how it is limited. A route that
 * does not say is a fault of ours, and ends the start.
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

/** The tenant that sends the request, on a route with access `tenant`. */
export const tenantOf = (request: FastifyRequest): TenantPrincipal => principalOf(request, 'tenant');

/** What the tenant's key of the request sees, on a route with access `tenant`. */
export function scopeOf(request: FastifyRequest): TenantScope {
  const { tenantId, key } = tenantOf(request);
  return { tenantId, mode: key.mode };
}

/** The user that sends the request, on a route with access `user`. */
export const userOf = (request: FastifyRequest): UserPrincipal => principalOf(request, 'user');

/** The operator, on a route with access `admin`. */
export const adminOf = (request: FastifyRequest): AdminPrincipal => principalOf(request, 'admin');
