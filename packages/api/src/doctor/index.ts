/** What other nouns use of this one. */
export { doctorRoutes } from './routes.ts';
export { type Doctor, createDoctor } from './service.ts';
export { createDoctorStore } from './store.ts';
