/** The names that other folders use. */
export { doctorRoutes } from './routes.ts';
export { type Doctor, createDoctor } from './service.ts';
export { createDoctorStore } from './store.ts';
