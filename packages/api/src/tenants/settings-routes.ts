import type { TenantService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { scopeOf } from '../platform/http/access.ts';
import { TenantResource, UpdateOwnSettings } from './schemas.ts';

const tags = ['Settings (tenant)'];

/** A tenant's own settings. Only the operator sets what a tenant pays for and what protects the platform. */
export const settingsRoutes: FastifyPluginAsyncZod<{ tenants: TenantService }> = async (app, { tenants }) => {
  app.get(
    '/settings',
    {
      config: { access: 'tenant', scope: 'settings:read', act: null, limit: 'read' },
      schema: {
        operationId: 'getSettings',
        tags,
        summary: 'Get my settings and my plan',
        response: { 200: TenantResource },
      },
    },
    (request) => tenants.get(scopeOf(request).tenantId),
  );

  app.patch(
    '/settings',
    {
      config: { access: 'tenant', scope: 'settings:write', act: 'settings.update', limit: 'write' },
      schema: {
        operationId: 'updateSettings',
        tags,
        summary: 'Change my settings',
        description:
          'Fields that are left out stay as they are. They apply to live devices too, so a test key cannot change them.',
        body: UpdateOwnSettings,
        response: { 200: TenantResource },
      },
    },
    (request) => tenants.update(scopeOf(request).tenantId, request.body),
  );
};
