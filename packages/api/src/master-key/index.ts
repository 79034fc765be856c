export { RESEAL, reseal } from './reseal.job.ts';
export { type MasterKeyRotation, createMasterKeyRotation } from './rotation.ts';
export { masterKeyRoutes } from './routes.ts';
export { createSealedStore } from './sealed-columns.ts';
