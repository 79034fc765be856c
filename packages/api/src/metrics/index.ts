/** What is used from outside this folder. */
export { createMetrics } from './metrics.ts';
export { type MetricsOptions, metricsRoutes } from './routes.ts';
