import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';

export interface MetricsOptions {
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
}

/** Only for the operator's Prometheus: timings help attackers. */
export const metricsRoutes: FastifyPluginAsyncZod<MetricsOptions> = async (app, { metrics }) => {
  app.get(
    '/metrics',
    {
      config: { access: 'admin', act: null, limit: 'none' },
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus',
        description:
          'Prometheus text format. Prometheus sends the admin key by `authorization.credentials_file`.',
        tags: ['Platform (operator)'],
        produces: ['text/plain'],
        response: { 200: z.string() },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()),
  );
};
