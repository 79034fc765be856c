export { type MasterKeyRotation, createMasterKeyRotation } from './rotation.ts';
export { masterKeyRoutes } from './routes.ts';
export { createSealedStore } from './sealed-columns.ts';
