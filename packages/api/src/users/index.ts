export { type Metadata, type UserDirectory, createUserDirectory } from './service.ts';
export { externalIdRefusal } from './external-ids.ts';
export { meRoutes } from './me-routes.ts';
export { createUserDirectoryStore } from './store.ts';
export { finishUserDeletions } from './finish-deletions.job.ts';
export { tenantUserRoutes } from './tenant-routes.ts';
export type { User } from './user.ts';
