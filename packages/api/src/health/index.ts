/** What other nouns use of this one. */
export { type HealthOptions, type Probe, healthRoutes } from './routes.ts';
