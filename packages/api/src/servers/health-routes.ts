import type { ServerHealthService } from './health.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { IdParams } from '../platform/http/schemas/ids.ts';
import { ConditionName, Reason, reasonResource } from './schemas.ts';

const ServerHealth = z
  .object({
    id: z.uuid(),
    name: z.string(),
    region: z.string(),
    link: z
      .enum(['connecting', 'reconciling', 'ready', 'away', 'closed', 'absent'])
      .describe('Of the replica that answers.'),
    epoch: z.string().nullable().describe('The agent’s life that was last reconciled.'),
    queuedChanges: z.int().describe('Changes that it has not acknowledged.'),
    lagSeconds: z.number().describe('Age of the oldest of them; 0 where there is none.'),
    lastContactSeconds: z.number().nullable().describe('Since a replica last heard it.'),
    driftFound: z.int().describe('Peers that somebody else had changed on it, ever found.'),
    driftFoundAt: z.string().nullable(),
    condition: ConditionName,
    reasons: z.array(Reason).describe('Why it is not healthy; empty where it is.'),
  })
  .meta({ id: 'ServerHealth' });

export const serverHealthRoutes: FastifyPluginAsyncZod<{ serverHealth: ServerHealthService }> = async (
  app,
  { serverHealth },
) => {
  app.get(
    '/servers/:id/health',
    {
      config: { access: 'admin', act: null, limit: 'read' },
      schema: {
        operationId: 'getServerHealth',
        summary: 'How far a VPN server follows what is wanted of it',
        tags: ['VPN servers (operator)'],
        params: IdParams,
        response: { 200: ServerHealth },
      },
    },
    async (request) => {
      const health = await serverHealth.of(request.params.id);
      return {
        ...health,
        driftFoundAt: health.driftFoundAt?.toISOString() ?? null,
        reasons: health.reasons.map(reasonResource),
      };
    },
  );
};
