import type { MasterKeyRotation } from './rotation.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';

/** Well within the timeouts of proxies. */
const ROTATE_MS = 10_000;

const MasterKeyState = z
  .object({
    version: z.int().describe('Of the current master key'),
    done: z.boolean().describe('Nothing needs a retired master key any more.'),
    columns: z.array(
      z.object({
        table: z.string(),
        column: z.string(),
        total: z.int(),
        current: z.int().describe('Those that are sealed with the current master key'),
      }),
    ),
  })
  .meta({ id: 'MasterKeyState' });

const tags = ['Platform (operator)'];

export const masterKeyRoutes: FastifyPluginAsyncZod<{ masterKey: MasterKeyRotation }> = async (
  app,
  { masterKey },
) => {
  app.get(
    '/master-key',
    {
      config: { access: 'admin', act: null, limit: 'costly' },
      schema: {
        operationId: 'getMasterKey',
        tags,
        summary: 'How much is sealed with the current master key',
        response: { 200: MasterKeyState },
      },
    },
    async () => {
      const { columns, ...status } = await masterKey.status();
      return { ...status, columns: [...columns] };
    },
  );

  app.post(
    '/master-key/rotate',
    {
      config: { access: 'admin', act: 'master_key.rotate', limit: 'costly' },
      schema: {
        operationId: 'rotateMasterKey',
        tags,
        summary: 'Seal everything with the current master key',
        description:
          'Does some seconds of it, and answers how far that has come. Periodic work goes on with it either way.',
        response: { 200: MasterKeyState },
      },
    },
    async () => {
      const { columns, ...status } = await masterKey.run(ROTATE_MS);
      return { ...status, columns: [...columns] };
    },
  );
};
