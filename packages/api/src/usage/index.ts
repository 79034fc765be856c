export { createDataLimitStore } from './data-limits.ts';
export type { Sample, StoredPass } from './meter.ts';
export type { CounterSource } from './ports.ts';
