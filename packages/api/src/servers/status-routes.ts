import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import { userOf } from '../platform/http/access.ts';
import type { ServerStatusService } from './status.ts';

const ServerStatus = z
  .object({
    server: z.object({
      peerCount: z
        .int()
        .describe('Peers on the interface; where it cannot be asked, the devices that belong on it.'),
      status: z.enum(['active', 'degraded', 'disabled', 'unreachable']),
      name: z.string(),
      region: z.string(),
    }),
    timestamp: z.string(),
  })
  .meta({ id: 'ServerStatus' });

export interface ServerStatusRoutesOptions {
  readonly serverStatus: ServerStatusService;
  readonly clock: Clock;
}

export const serverStatusRoutes: FastifyPluginAsyncZod<ServerStatusRoutesOptions> = async (
  app,
  { serverStatus, clock },
) => {
  app.get(
    '/vpn/server/status',
    {
      config: { access: 'user', scope: 'app', act: null, limit: 'read' },
      schema: {
        operationId: 'getServerStatus',
        summary: 'The VPN server that my newest device is on',
        description: 'For a user without devices: the VPN server that the next one would be placed on.',
        tags: ['VPN'],
        response: { 200: ServerStatus },
      },
    },
    async (request) => ({
      server: await serverStatus.of(userOf(request)),
      timestamp: clock.now().toISOString(),
    }),
  );
};
