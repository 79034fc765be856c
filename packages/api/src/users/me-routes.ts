import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../platform/http/access.ts';
import { Instant } from '../platform/http/schemas/answers.ts';

const Me = z
  .object({ id: z.uuid(), email: z.string(), tenantId: z.uuid(), createdAt: Instant })
  .meta({ id: 'Me' });

export const meRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/me',
    {
      config: { access: 'user', scope: 'app', act: null, limit: 'read' },
      schema: { operationId: 'getMe', tags: ['Users'], summary: 'Who is signed in', response: { 200: Me } },
    },
    (request) => {
      // Authentication has already read the user.
      const { userId, email, tenantId, userCreatedAt } = userOf(request);
      return Promise.resolve({ id: userId, email, tenantId, createdAt: userCreatedAt });
    },
  );
};
