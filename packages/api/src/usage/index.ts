export { createDataLimitStore } from './data-limits.ts';
export { createMeterStore } from './meter-store.ts';
export type { Sample, StoredPass } from './meter.ts';
export { createMetering } from './metering.ts';
export type { CounterSource, UsageStore } from './ports.ts';
export { createRetentionStore } from './retention.ts';
export { adminUsageRoutes, ownUsageRoutes, usageRoutes } from './routes.ts';
export { type UsageService, createUsageService } from './service.ts';
export { createUsageStore } from './store.ts';
