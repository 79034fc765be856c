export { type Metadata, type UserDirectory, createUserDirectory } from './service.ts';
export { externalIdRefusal } from './external-ids.ts';
export { meRoutes } from './me-routes.ts';
export { createUserDirectoryStore, finishUserDeletions } from './store.ts';
export { tenantUserRoutes } from './tenant-routes.ts';
export type { User } from './user.ts';
