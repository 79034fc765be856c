import type { WiredJobs } from '../platform/jobs/wiring.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { createFreeAddresses } from '../pools/index.ts';
import type { WiredServers } from '../servers/index.ts';
import type { Metrics } from './metrics.ts';
import { metricsRoutes } from './routes.ts';

export interface MetricsNeeds {
  readonly metrics: Metrics;
  readonly servers: WiredServers;
  readonly jobs: WiredJobs;
}

export function wireMetrics({ databases }: Platform, { metrics, servers, jobs }: MetricsNeeds) {
  const sources = {
    servers: () => servers.health.all(),
    freeShares: createFreeAddresses(databases.links),
    connections: new Map([
      ['requests', databases.requests.pool],
      ['links', databases.links.pool],
    ]),
    jobs: jobs.runner.status,
  };
  const { contentType } = metrics;
  const shown = { contentType, render: () => metrics.render(sources) };
  return { routes: (app) => void app.register(metricsRoutes, { metrics: shown }) } satisfies Noun;
}
