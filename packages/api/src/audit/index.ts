export { forgetOldAudit } from './forget-old-audit.job.ts';
export { createRefusalStore } from './refusal-store.ts';
export { createRefusals } from './refusals.ts';
export { auditRoutes, tenantAuditRoutes } from './routes.ts';
export { sealAuditLog } from './seal-audit-log.job.ts';
export { createAuditSealer } from './sealer.ts';
export { type AuditService, createAuditService } from './service.ts';
export { createAuditStore } from './store.ts';
export { writeRefusals } from './write-refusals.job.ts';
