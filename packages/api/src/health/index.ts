/** What is used from outside this folder. */
export { type HealthOptions, type Probe, healthRoutes } from './routes.ts';
