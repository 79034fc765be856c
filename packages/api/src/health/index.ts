export { type HealthOptions, type Probe, healthRoutes } from './routes.ts';
