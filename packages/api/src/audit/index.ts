export { createRefusalStore } from './refusal-store.ts';
export { createRefusals } from './refusals.ts';
export { auditRoutes, tenantAuditRoutes } from './routes.ts';
export { createAuditSealer } from './sealer.ts';
export { type AuditService, createAuditService } from './service.ts';
export { createAuditStore } from './store.ts';
