export type { LocationStore } from './location.ts';
export { locationRoutes } from './routes.ts';
export { countAddresses } from './count-addresses.job.ts';
export { createLocationStore } from './store.ts';
