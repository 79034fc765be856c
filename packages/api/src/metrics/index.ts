/** What other nouns use of this one. */
export { createMetrics } from './metrics.ts';
export { type MetricsOptions, metricsRoutes } from './routes.ts';
