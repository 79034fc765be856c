import type { Clock } from '../platform/clock.ts';
import type { PrivacyService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { scopeOf } from '../platform/http/access.ts';
import { Instant, NoContent } from '../platform/http/schemas/answers.ts';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';

const UserExport = z
  .object({
    userId: Id,
    exportedAt: Instant,
    tables: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  })
  .meta({ id: 'UserExport' });

const ErasingUser = z.object({ id: Id, status: z.literal('erasing') }).meta({ id: 'ErasingUser' });

const tags = ['Privacy'];

/** For tenants' backends, to fulfil their users' rights. */
export const privacyRoutes: FastifyPluginAsyncZod<{ privacy: PrivacyService; clock: Clock }> = async (
  app,
  { privacy, clock },
) => {
  app.get(
    '/users/:id/export',
    {
      config: { access: 'tenant', scope: 'privacy:write', act: null, limit: 'costly' },
      schema: {
        operationId: 'exportUser',
        tags,
        summary: 'Everything that is stored about a user',
        description: 'By table, except for credentials and what is made of other columns.',
        params: IdParams,
        response: { 200: UserExport },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const found = await privacy.export(scopeOf(request), id);
      const tables = Object.fromEntries(Object.entries(found).map(([table, rows]) => [table, [...rows]]));
      return reply.header('cache-control', 'no-store').send({ userId: id, exportedAt: clock.now(), tables });
    },
  );

  app.post(
    '/users/:id/erase',
    {
      config: { access: 'tenant', scope: 'privacy:write', act: 'user.erase', limit: 'costly' },
      schema: {
        operationId: 'eraseUser',
        tags,
        summary: 'Erase a user and all that is stored about them',
        description:
          '204: it is gone. 202: credentials, name and history are gone or will be in seconds; a VPN server that is away still ' +
          'has to remove a device, and the rest follows by itself. Asking again is safe.',
        params: IdParams,
        response: { 202: ErasingUser, 204: NoContent },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await privacy.erase(scopeOf(request), id);
      return outcome === 'erased'
        ? reply.code(204).send(null)
        : reply.code(202).send({ id, status: 'erasing' as const });
    },
  );
};
