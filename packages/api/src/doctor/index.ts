export { doctorRoutes } from './routes.ts';
export { type Doctor, createDoctor } from './service.ts';
export { createDoctorStore } from './store.ts';
