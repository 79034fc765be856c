import type {
  AdminPrincipal,
  Authenticator,
  Principal,
  Scope,
  TenantPrincipal,
  UserPrincipal,
} from '@cvault/core';
import type { FastifyRequest, onRequestAsyncHookHandler, RouteOptions } from 'fastify';
import fp from 'fastify-plugin';

/**
 * Whom a route is for. `public`: everybody. `tenant`: a tenant's backend, by X-API-Key. `user`: an end user, by X-API-Key
 * and an access token. `admin`: the operator, by the admin key.
 */
export type Access = 'public' | 'tenant' | 'user' | 'admin';

/** What the audit log calls an act, such as `device.register`. */
export type Act = `${string}.${string}`;

declare module 'fastify' {
  interface FastifyContextConfig {
    access: Access;
    /** What the API key has to be allowed to do; routes with access `tenant` and `user` say so. */
    scope?: Scope;
    /** What the audit log calls it; null where nothing changes. */
    act?: Act | null;
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

function apiKeyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key'];
  return Array.isArray(header) ? header.join() : header;
}

function authenticate(access: Access, authenticator: Authenticator): onRequestAsyncHookHandler {
  return async (request) => {
    switch (access) {
      case 'public':
        return;
      case 'tenant':
        request.principal = await authenticator.tenant(apiKeyOf(request));
        return;
      case 'user':
        request.principal = await authenticator.user(apiKeyOf(request), bearerOf(request));
        return;
      case 'admin':
        request.principal = authenticator.admin(bearerOf(request));
        return;
    }
  };
}

/** Routes that plugins make for the documentation page and for CORS preflights: static, the same for everybody. */
function isOfPlugin({ url, method }: RouteOptions): boolean {
  return url === '/docs' || url.startsWith('/docs/') || (url === '*' && method === 'OPTIONS');
}

/**
 * Makes every route say whom it is for, and lets nobody else in. It comes before the body is read, so a stranger costs
 * no parsing. A route that does not say is a fault of ours, and ends the start.
 */
export const accessControl = fp<{ authenticator: Authenticator }>((app, { authenticator }, done) => {
  app.decorateRequest('principal', null);
  app.addHook('onRoute', (route) => {
    const access = route.config?.access ?? (isOfPlugin(route) ? 'public' : undefined);
    if (access === undefined) {
      throw new Error(`${String(route.method)} ${route.url} does not declare config.access`);
    }
    route.config = { ...route.config, access };
    if (access === 'public') return;
    const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [authenticate(access, authenticator), ...others];
  });
  done();
});

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

/** The user that sends the request, on a route with access `user`. */
export const userOf = (request: FastifyRequest): UserPrincipal => principalOf(request, 'user');

/** The operator, on a route with access `admin`. */
export const adminOf = (request: FastifyRequest): AdminPrincipal => principalOf(request, 'admin');
