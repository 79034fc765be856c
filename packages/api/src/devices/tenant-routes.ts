import type { TenantDevices, TenantDevice } from './tenant-devices.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { scopeOf } from '../platform/http/access.ts';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';
import { ExternalId, Metadata, MetadataResource } from '../platform/http/schemas/external-ids.ts';
import { cursorOf, idOfCursor, NextCursor, PageQuery } from '../platform/http/schemas/pages.ts';
import { DeviceResource, deviceResource } from './schemas.ts';
import { tenantFieldSchemas } from './fields.ts';

const tags = ['Devices (tenant)'];
const reading = { access: 'tenant', scope: 'devices:read', act: null, limit: 'read' } as const;
const writing = { access: 'tenant', scope: 'devices:write', limit: 'write' } as const;

const UpdateTenantDevice = z
  .strictObject({
    externalId: ExternalId.nullable().optional(),
    metadata: Metadata.optional(),
    ...tenantFieldSchemas,
  })
  .refine(
    (changes) => Object.values(changes).some((value) => value !== undefined),
    'must name at least one field to change',
  )
  .meta({ id: 'UpdateTenantDevice' });

const TenantDeviceResource = DeviceResource.extend({
  userId: Id,
  externalId: z.string().nullable(),
  metadata: MetadataResource,
}).meta({ id: 'TenantDevice' });

const TenantDeviceList = z
  .object({ devices: z.array(TenantDeviceResource), nextCursor: NextCursor })
  .meta({ id: 'TenantDeviceList' });

function tenantDeviceResource({
  device,
  externalId,
  metadata,
}: TenantDevice): z.infer<typeof TenantDeviceResource> {
  return { ...deviceResource(device), userId: device.userId, externalId, metadata: { ...metadata } };
}

/** The devices of a tenant's users, for its backend. Configurations hold private keys and are for the users alone. */
export const tenantDeviceRoutes: FastifyPluginAsyncZod<{ devices: TenantDevices }> = async (
  app,
  { devices },
) => {
  app.get(
    '/devices',
    {
      config: reading,
      schema: {
        operationId: 'listTenantDevices',
        tags,
        summary: 'List the devices of my users, oldest first',
        querystring: PageQuery.extend({
          userId: Id.optional(),
          status: z.enum(['pending', 'active', 'suspended', 'failed']).optional(),
          serverId: Id.optional(),
          region: z.string().min(1).max(50).optional(),
          externalId: ExternalId.optional(),
        }),
        response: { 200: TenantDeviceList },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const afterId = cursor === undefined ? undefined : idOfCursor(cursor);
      const page = await devices.list(scopeOf(request), filter, limit, afterId);
      return {
        devices: page.devices.map(tenantDeviceResource),
        nextCursor: page.lastId === null ? null : cursorOf(page.lastId),
      };
    },
  );

  app.get(
    '/devices/:id',
    {
      config: reading,
      schema: {
        operationId: 'getTenantDevice',
        tags,
        summary: 'Get a device',
        params: IdParams,
        response: { 200: TenantDeviceResource },
      },
    },
    async (request) => tenantDeviceResource(await devices.get(scopeOf(request), request.params.id)),
  );

  app.patch(
    '/devices/:id',
    {
      config: { ...writing, act: 'device.update' },
      schema: {
        operationId: 'updateTenantDevice',
        tags,
        summary: 'Change a device’s configuration and what you keep with it',
        description:
          'Fields that are left out stay as they are. The new configuration holds once the device has fetched it.',
        params: IdParams,
        body: UpdateTenantDevice,
        response: { 200: TenantDeviceResource },
      },
    },
    async (request) =>
      tenantDeviceResource(await devices.update(scopeOf(request), request.params.id, request.body)),
  );

  for (const [action, summary] of [
    ['suspend', 'Take a device off its VPN server until it is resumed'],
    ['resume', 'End the suspension of a device; whatever else holds it goes on'],
  ] as const) {
    app.post(
      `/devices/:id/${action}`,
      {
        config: { ...writing, act: `device.${action}` },
        schema: {
          operationId: `${action}Device`,
          tags,
          summary,
          params: IdParams,
          response: { 200: TenantDeviceResource },
        },
      },
      async (request) => tenantDeviceResource(await devices[action](scopeOf(request), request.params.id)),
    );
  }

  app.delete(
    '/devices/:id',
    {
      config: { ...writing, act: 'device.delete' },
      schema: {
        operationId: 'deleteTenantDevice',
        tags,
        summary: 'Delete a device',
        description:
          '204: the VPN server has removed it, its next packet does not pass. 202: the VPN server cannot be reached just ' +
          'now; the device is removed as soon as it is back.',
        params: IdParams,
        response: {
          202: z.object({ id: z.uuid(), status: z.literal('removing') }).meta({ id: 'RemovingTenantDevice' }),
          204: z.null(),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await devices.remove(scopeOf(request), id);
      return outcome === 'removed'
        ? reply.code(204).send(null)
        : reply.code(202).send({ id, status: 'removing' as const });
    },
  );
};
