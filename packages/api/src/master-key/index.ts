/** What is used from outside this folder. */
export { type MasterKeyRotation, createMasterKeyRotation } from './rotation.ts';
export { masterKeyRoutes } from './routes.ts';
export { createSealedStore } from './sealed-columns.ts';
