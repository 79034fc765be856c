/** The names that other folders use. */
export { type HealthOptions, type Probe, healthRoutes } from './routes.ts';
