import type { Server } from './server.ts';
import type { ServerService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';
import {
  ActivateServer,
  AddedServer,
  AddPool,
  AddServer,
  EvacuateServer,
  EvacuationResource,
  evacuationResource,
  GrowPool,
  PoolList,
  PoolResource,
  poolResource,
  REPLACE_KEY,
  ServerInstallation,
  ServerList,
  ServerResource,
  serverResource,
  ServerTest,
  UpdateServer,
} from './schemas.ts';

const access = { access: 'admin' } as const;
const tags = ['VPN servers (operator)'];

const Switch = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

export const serverRoutes: FastifyPluginAsyncZod<{ servers: ServerService }> = async (app, { servers }) => {
  const shown = (server: Server) => serverResource(server, servers.conditionOf(server));

  app.post(
    '/servers',
    {
      config: { ...access, act: 'server.add', limit: 'write' },
      schema: {
        operationId: 'addServer',
        summary: 'Add a VPN server',
        description:
          'Answers the script that makes a bare Debian machine one. It takes devices once it is activated.',
        tags,
        body: AddServer,
        response: { 201: AddedServer },
      },
    },
    async (request, reply) => {
      const { server, installation } = await servers.add(request.body);
      return reply.code(201).send({ server: shown(server), installation });
    },
  );

  app.get(
    '/servers',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listServers',
        summary: 'List VPN servers',
        tags,
        response: { 200: ServerList },
      },
    },
    async () => {
      const list = await servers.list();
      return {
        servers: list.map(shown),
        totalCount: list.length,
        latestAgentVersion: servers.latestAgentVersion,
      };
    },
  );

  app.get(
    '/servers/:id',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'getServer',
        summary: 'Get a VPN server',
        tags,
        params: IdParams,
        response: { 200: ServerResource },
      },
    },
    async (request) => shown(await servers.get(request.params.id)),
  );

  app.get(
    '/servers/:id/installation',
    {
      config: { ...access, act: null, limit: 'costly' },
      schema: {
        operationId: 'getServerInstallation',
        summary: 'The script that repairs and upgrades a VPN server',
        description:
          'The one that it was installed by, with the files of this version. What is as it should be is left alone, and tunnels ' +
          'live through it. Activate the VPN server with what it prints.',
        tags,
        params: IdParams,
        querystring: z.strictObject({ replaceKey: Switch.describe(REPLACE_KEY) }),
        response: { 200: ServerInstallation },
      },
    },
    async (request) => ({
      installation: await servers.installation(request.params.id, request.query.replaceKey),
    }),
  );

  app.post(
    '/servers/:id/activate',
    {
      config: { ...access, act: 'server.activate', limit: 'write' },
      schema: {
        operationId: 'activateServer',
        summary: 'Connect with what the installation printed, and pin it',
        description:
          'A new VPN server takes devices from then on; one that was repaired keeps its state. Where it does not answer as it ' +
          'should, nothing changes.',
        tags,
        params: IdParams,
        body: ActivateServer,
        response: { 200: ServerResource },
      },
    },
    async (request) => shown(await servers.activate(request.params.id, request.body)),
  );

  app.post(
    '/servers/:id/test',
    {
      config: { ...access, act: null, limit: 'costly' },
      schema: {
        operationId: 'testServer',
        summary: 'Test the connection to a VPN server',
        tags,
        params: IdParams,
        response: { 200: ServerTest },
      },
    },
    async (request) => servers.test(request.params.id),
  );

  for (const [action, summary] of [
    ['drain', 'Place no new devices on a VPN server'],
    ['disable', 'Take all peers off a VPN server and place no new devices on it'],
    ['enable', 'Put a drained or disabled VPN server back into service'],
  ] as const) {
    app.post(
      `/servers/:id/${action}`,
      {
        config: { ...access, act: `server.${action}`, limit: 'write' },
        schema: {
          operationId: `${action}Server`,
          summary,
          tags,
          params: IdParams,
          response: { 200: ServerResource },
        },
      },
      async (request) => shown(await servers[action](request.params.id)),
    );
  }

  app.patch(
    '/servers/:id',
    {
      config: { ...access, act: 'server.update', limit: 'write' },
      schema: {
        operationId: 'updateServer',
        summary: 'Change a VPN server’s name, weight or endpoint',
        description: 'Devices get to know another endpoint with their next configuration.',
        tags,
        params: IdParams,
        body: UpdateServer,
        response: { 200: ServerResource },
      },
    },
    async (request) => shown(await servers.update(request.params.id, request.body)),
  );

  app.post(
    '/servers/:id/evacuate',
    {
      config: { ...access, act: 'server.evacuate', limit: 'write' },
      schema: {
        operationId: 'evacuateServer',
        summary: 'Drain a VPN server and move its devices to others',
        description:
          'They are moved by and by; a device needs its new configuration. Some cannot be moved where no address is left: ' +
          'then it ends and says so, and can be called again.',
        tags,
        params: IdParams,
        body: EvacuateServer,
        response: { 202: EvacuationResource },
      },
    },
    async (request, reply) => {
      const evacuation = await servers.evacuate(request.params.id, request.body.region);
      return reply.code(202).send(evacuationResource(evacuation));
    },
  );

  app.get(
    '/servers/:id/evacuation',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'getEvacuation',
        summary: 'How far the last evacuation of a VPN server is',
        tags,
        params: IdParams,
        response: { 200: EvacuationResource },
      },
    },
    async (request) => evacuationResource(await servers.evacuation(request.params.id)),
  );

  app.delete(
    '/servers/:id',
    {
      config: { ...access, act: 'server.remove', limit: 'write' },
      schema: {
        operationId: 'removeServer',
        summary: 'Remove a VPN server',
        description:
          'Refused while it has devices, unless `devices=remove`: then every peer is removed from it first. 202: it has ' +
          'not acknowledged all removals yet, and is gone when it has. `force=true` does not wait for them: only for a ' +
          'machine that serves nobody any more.',
        tags,
        params: IdParams,
        querystring: z.strictObject({
          devices: z.enum(['refuse', 'remove']).default('refuse'),
          force: Switch,
        }),
        response: {
          202: z.object({ id: z.uuid(), state: z.literal('removing') }).meta({ id: 'RemovingServer' }),
          204: z.null(),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { devices, force } = request.query;
      const outcome = await servers.remove(id, { removeDevices: devices === 'remove', force });
      return outcome === 'removed'
        ? reply.code(204).send(null)
        : reply.code(202).send({ id, state: 'removing' as const });
    },
  );

  app.get(
    '/servers/:id/pools',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listPools',
        summary: 'List a VPN server’s pools',
        tags,
        params: IdParams,
        response: { 200: PoolList },
      },
    },
    async (request) => {
      const pools = await servers.pools(request.params.id);
      return { pools: pools.map(poolResource), totalCount: pools.length };
    },
  );

  app.post(
    '/servers/:id/pools',
    {
      config: { ...access, act: 'pool.add', limit: 'write' },
      schema: {
        operationId: 'addPool',
        summary: 'Add a pool of tunnel addresses',
        tags,
        params: IdParams,
        body: AddPool,
        response: { 201: PoolResource },
      },
    },
    async (request, reply) =>
      reply.code(201).send(poolResource(await servers.addPool(request.params.id, request.body.cidr))),
  );

  app.patch(
    '/servers/:id/pools/:poolId',
    {
      config: { ...access, act: 'pool.grow', limit: 'write' },
      schema: {
        operationId: 'growPool',
        summary: 'Make a pool larger while it is in use',
        tags,
        params: IdParams.extend({ poolId: Id }),
        body: GrowPool,
        response: { 200: PoolResource },
      },
    },
    async (request) => {
      const { id, poolId } = request.params;
      return poolResource(await servers.growPool(id, poolId, request.body.cidr));
    },
  );

  app.delete(
    '/servers/:id/pools/:poolId',
    {
      config: { ...access, act: 'pool.remove', limit: 'write' },
      schema: {
        operationId: 'removePool',
        summary: 'Remove a pool that no device holds an address of',
        tags,
        params: IdParams.extend({ poolId: Id }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await servers.removePool(request.params.id, request.params.poolId);
      return reply.code(204).send(null);
    },
  );
};
