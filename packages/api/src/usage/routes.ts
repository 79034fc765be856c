import type { UserDirectory } from '../users/index.ts';
import type { UsageService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { scopeOf, userOf } from '../platform/http/access.ts';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';
import { sendCsv, wantsCsv } from './answer.ts';
import { Usage, UsageByDevice, usageByDeviceResource, UsageQuery, usageResource } from './schemas.ts';

export interface UsageRoutesOptions {
  readonly usage: UsageService;
}

const description =
  'Bytes inside the tunnel, as the VPN server counts them; at most one reading (30 s by default) behind. With ' +
  '`format=csv` the same numbers as text, one line per hour or day and device that has any.';

const produces = ['application/json', 'text/csv'];

/** Usage of a user's own devices. */
export const usageRoutes: FastifyPluginAsyncZod<UsageRoutesOptions> = async (app, { usage }) => {
  const access = { access: 'user', scope: 'app' } as const;

  app.get(
    '/usage',
    {
      config: { ...access, act: null, limit: 'costly' },
      schema: {
        operationId: 'getUsage',
        summary: 'My usage by hour or day, and by device',
        description,
        tags: ['Usage'],
        produces,
        querystring: UsageQuery,
        response: { 200: UsageByDevice },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request);
      const { format, ...query } = request.query;
      const report = await usage.report({ of: 'user', tenantId, userId }, query);
      return wantsCsv(format, request.headers.accept)
        ? sendCsv(reply, report, true)
        : usageByDeviceResource(report);
    },
  );

  app.get(
    '/devices/:id/usage',
    {
      config: { ...access, act: null, limit: 'costly' },
      schema: {
        operationId: 'getDeviceUsage',
        summary: 'A device’s usage by hour or day',
        description,
        tags: ['Usage'],
        produces,
        params: IdParams,
        querystring: UsageQuery,
        response: { 200: UsageByDevice },
      },
    },
    async (request, reply) => {
      const { tenantId, userId } = userOf(request);
      const { format, ...query } = request.query;
      const scope = { of: 'device', tenantId, userId, deviceId: request.params.id } as const;
      const report = await usage.report(scope, query);
      return wantsCsv(format, request.headers.accept)
        ? sendCsv(reply, report, true)
        : usageByDeviceResource(report);
    },
  );
};

/** Usage of a tenant's users, for its backend. */
export const ownUsageRoutes: FastifyPluginAsyncZod<UsageRoutesOptions & { users: UserDirectory }> = async (
  app,
  { usage, users },
) => {
  app.get(
    '/usage',
    {
      config: { access: 'tenant', scope: 'usage:read', act: null, limit: 'costly' },
      schema: {
        operationId: 'getOwnUsage',
        summary: 'The usage of all my users, or of one, by hour or day',
        description,
        tags: ['Usage (tenant)'],
        produces,
        querystring: UsageQuery.extend({ userId: Id.optional() }),
        response: { 200: Usage },
      },
    },
    async (request, reply) => {
      const { tenantId, mode } = scopeOf(request);
      const { format, userId, ...query } = request.query;
      // Checks that this key sees the user.
      if (userId !== undefined) await users.get({ tenantId, mode }, userId);
      const all = { of: mode, tenantId } as const;
      const scope = userId === undefined ? all : ({ of: 'user', tenantId, userId } as const);
      const report = await usage.report(scope, query);
      return wantsCsv(format, request.headers.accept) ? sendCsv(reply, report, false) : usageResource(report);
    },
  );
};

/** Usage of tenants and VPN servers, for the operator. */
export const adminUsageRoutes: FastifyPluginAsyncZod<UsageRoutesOptions> = async (app, { usage }) => {
  const access = { access: 'admin' } as const;

  app.get(
    '/tenants/:id/usage',
    {
      config: { ...access, act: null, limit: 'costly' },
      schema: {
        operationId: 'getTenantUsage',
        summary: 'A tenant’s usage by hour or day',
        description,
        tags: ['Tenants (operator)'],
        produces,
        params: IdParams,
        querystring: UsageQuery,
        response: { 200: Usage },
      },
    },
    async (request, reply) => {
      const { format, ...query } = request.query;
      const report = await usage.report({ of: 'tenant', tenantId: request.params.id }, query);
      return wantsCsv(format, request.headers.accept) ? sendCsv(reply, report, false) : usageResource(report);
    },
  );

  app.get(
    '/servers/:id/usage',
    {
      config: { ...access, act: null, limit: 'costly' },
      schema: {
        operationId: 'getServerUsage',
        summary: 'Data of a VPN server by hour or day',
        description,
        tags: ['VPN servers (operator)'],
        produces,
        params: IdParams,
        querystring: UsageQuery,
        response: { 200: Usage },
      },
    },
    async (request, reply) => {
      const { format, ...query } = request.query;
      const report = await usage.report({ of: 'server', serverId: request.params.id }, query);
      return wantsCsv(format, request.headers.accept) ? sendCsv(reply, report, false) : usageResource(report);
    },
  );
};
