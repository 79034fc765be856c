import { type Location, locationOf, type LocationStore } from './location.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { userOf } from '../platform/http/access.ts';
import { LocationList } from './schemas.ts';

export const locationRoutes: FastifyPluginAsyncZod<{ locations: LocationStore }> = async (
  app,
  { locations },
) => {
  app.get(
    '/locations',
    {
      config: { access: 'user', scope: 'app', act: null, limit: 'read' },
      schema: {
        operationId: 'listLocations',
        summary: 'Where a device can be',
        description:
          'Regions and their VPN servers. A device may name either when it is registered or moved.',
        tags: ['VPN'],
        response: { 200: LocationList },
      },
    },
    async (request) => {
      const regions = new Map<string, Location[]>();
      for (const server of await locations.locatedServers(userOf(request).key.mode)) {
        const servers = regions.get(server.region) ?? [];
        servers.push(locationOf(server));
        regions.set(server.region, servers);
      }
      return {
        regions: [...regions].map(([id, servers]) => ({
          id,
          servers: servers.map(({ endpointHost, ...location }) => ({ ...location, publicIp: endpointHost })),
        })),
      };
    },
  );
};
