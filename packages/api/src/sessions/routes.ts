import type { SessionService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { scopeOf, userOf } from '../platform/http/access.ts';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';
import { idOfCursor, PageQuery } from '../platform/http/schemas/pages.ts';
import { historyResource, SessionHistory } from './schemas.ts';

export interface SessionRoutesOptions {
  readonly sessions: SessionService;
}

const after = (cursor: string | undefined) => (cursor === undefined ? undefined : idOfCursor(cursor));

/** A user's own sessions, open and past. */
export const sessionRoutes: FastifyPluginAsyncZod<SessionRoutesOptions> = async (app, { sessions }) => {
  const access = { access: 'user', scope: 'app' } as const;

  app.get(
    '/vpn/sessions',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listSessions',
        summary: 'My sessions, newest first',
        tags: ['VPN'],
        querystring: PageQuery,
        response: { 200: SessionHistory },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request);
      const { limit, cursor } = request.query;
      return historyResource(await sessions.history({ of: 'user', tenantId, userId }, limit, after(cursor)));
    },
  );

  app.get(
    '/devices/:id/sessions',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listDeviceSessions',
        summary: 'A device’s sessions, newest first',
        tags: ['Devices'],
        params: IdParams,
        querystring: PageQuery,
        response: { 200: SessionHistory },
      },
    },
    async (request) => {
      const { tenantId, userId } = userOf(request);
      const { limit, cursor } = request.query;
      const scope = { of: 'device', tenantId, userId, deviceId: request.params.id } as const;
      return historyResource(await sessions.history(scope, limit, after(cursor)));
    },
  );
};

/** The sessions of a tenant's users, for its backend. */
export const ownSessionRoutes: FastifyPluginAsyncZod<SessionRoutesOptions> = async (app, { sessions }) => {
  app.get(
    '/sessions',
    {
      config: { access: 'tenant', scope: 'sessions:read', act: null, limit: 'read' },
      schema: {
        operationId: 'listOwnSessions',
        summary: 'The sessions of all my users, newest first',
        tags: ['Sessions (tenant)'],
        querystring: PageQuery.extend({ userId: Id.optional(), deviceId: Id.optional() }),
        response: { 200: SessionHistory },
      },
    },
    async (request) => {
      const { limit, cursor, userId = null, deviceId = null } = request.query;
      const scope = { of: 'mode', ...scopeOf(request), userId, deviceId } as const;
      return historyResource(await sessions.history(scope, limit, after(cursor)));
    },
  );
};

/** A tenant's sessions, for the operator. */
export const tenantSessionRoutes: FastifyPluginAsyncZod<SessionRoutesOptions> = async (app, { sessions }) => {
  app.get(
    '/tenants/:id/sessions',
    {
      config: { access: 'admin', act: null, limit: 'read' },
      schema: {
        operationId: 'listTenantSessions',
        summary: 'A tenant’s sessions, newest first',
        tags: ['Tenants (operator)'],
        params: IdParams,
        querystring: PageQuery,
        response: { 200: SessionHistory },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const scope = { of: 'tenant', tenantId: request.params.id } as const;
      return historyResource(await sessions.history(scope, limit, after(cursor)));
    },
  );
};
