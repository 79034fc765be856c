export { eraseUsers } from './erase-users.job.ts';
export { privacyRoutes } from './routes.ts';
export { type PrivacyService, createPrivacyService } from './service.ts';
export { createPrivacyStore } from './store.ts';
