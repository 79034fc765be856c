export { createMetrics } from './metrics.ts';
export { type MetricsOptions, metricsRoutes } from './routes.ts';
