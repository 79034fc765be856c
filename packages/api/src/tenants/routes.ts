import type { TenantService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import { cursorOf, idOfCursor, PageQuery } from '../platform/http/schemas/pages.ts';
import { CreateTenant, DeletingTenant, TenantList, TenantResource, UpdateTenant } from './schemas.ts';

const access = { access: 'admin' } as const;
const tags = ['Tenants (operator)'];

export const tenantRoutes: FastifyPluginAsyncZod<{ tenants: TenantService }> = async (app, { tenants }) => {
  app.post(
    '/tenants',
    {
      config: { ...access, act: 'tenant.create', limit: 'write' },
      schema: {
        operationId: 'createTenant',
        tags,
        summary: 'Create a tenant',
        body: CreateTenant,
        response: { 201: TenantResource },
      },
    },
    async (request, reply) => {
      const tenant = await tenants.create(request.body);
      return reply.code(201).header('location', `/api/v1/admin/tenants/${tenant.id}`).send(tenant);
    },
  );

  app.get(
    '/tenants',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listTenants',
        tags,
        summary: 'List tenants, oldest first',
        querystring: PageQuery,
        response: { 200: TenantList },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const page = await tenants.list(limit, cursor === undefined ? undefined : idOfCursor(cursor));
      return {
        tenants: [...page.tenants],
        nextCursor: page.lastId === null ? null : cursorOf(page.lastId),
      };
    },
  );

  app.get(
    '/tenants/:id',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'getTenant',
        tags,
        summary: 'Get a tenant',
        params: IdParams,
        response: { 200: TenantResource },
      },
    },
    (request) => tenants.get(request.params.id),
  );

  app.patch(
    '/tenants/:id',
    {
      config: { ...access, act: 'tenant.update', limit: 'write' },
      schema: {
        operationId: 'updateTenant',
        tags,
        summary: 'Change a tenant’s settings',
        description:
          'Fields that are left out stay as they are. Limits act from the next request on; those that VPN servers enforce reach them within seconds.',
        params: IdParams,
        body: UpdateTenant,
        response: { 200: TenantResource },
      },
    },
    (request) => tenants.update(request.params.id, request.body),
  );

  app.post(
    '/tenants/:id/suspend',
    {
      config: { ...access, act: 'tenant.suspend', limit: 'write' },
      schema: {
        operationId: 'suspendTenant',
        tags,
        summary: 'Suspend a tenant',
        description:
          'Its API answers 403 and its devices are taken off their VPN servers, until it is resumed.',
        params: IdParams,
        response: { 200: TenantResource },
      },
    },
    (request) => tenants.suspend(request.params.id),
  );

  app.post(
    '/tenants/:id/resume',
    {
      config: { ...access, act: 'tenant.resume', limit: 'write' },
      schema: {
        operationId: 'resumeTenant',
        tags,
        summary: 'Resume a suspended tenant',
        description: 'Brings back exactly the devices that the suspension took.',
        params: IdParams,
        response: { 200: TenantResource },
      },
    },
    (request) => tenants.resume(request.params.id),
  );

  app.delete(
    '/tenants/:id',
    {
      config: { ...access, act: 'tenant.delete', limit: 'write' },
      schema: {
        operationId: 'deleteTenant',
        tags,
        summary: 'Delete a tenant with all that it has',
        description:
          '204: gone, and none of its devices is on a VPN server. 202: its keys and tokens open nothing any more; a VPN server ' +
          'that is away still has to remove devices, and the rest follows by itself when it is back.',
        params: IdParams,
        response: { 202: DeletingTenant, 204: NoContent },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await tenants.remove(id);
      return outcome === 'deleted'
        ? reply.code(204).send(null)
        : reply.code(202).send({ id, status: 'deleting' as const });
    },
  );
};
