export type { LocationStore } from './location.ts';
export { locationRoutes } from './routes.ts';
export { countAddresses, createLocationStore } from './store.ts';
