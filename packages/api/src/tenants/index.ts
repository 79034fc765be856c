export type { TenantService } from './service.ts';
