import { ADMIN, TENANT } from '../platform/http/prefixes.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { forgetOldAudit } from './forget-old-audit.job.ts';
import { createRefusalStore } from './refusal-store.ts';
import { createRefusals } from './refusals.ts';
import { auditRoutes, tenantAuditRoutes } from './routes.ts';
import { sealAuditLog } from './seal-audit-log.job.ts';
import { createAuditSealer } from './sealer.ts';
import { createAuditService } from './service.ts';
import { createAuditStore } from './store.ts';
import { writeRefusals } from './write-refusals.job.ts';

export function wireAudit({ config, databases }: Platform) {
  const audit = createAuditService({ audit: createAuditStore(databases.requests) });
  const operatorAudit = createAuditService({ audit: createAuditStore(databases.operator) });
  const refusals = createRefusals(createRefusalStore(databases.jobs));
  const sealer = createAuditSealer(databases.sealing);
  return {
    refusals,
    routes(app) {
      void app.register(tenantAuditRoutes, { prefix: TENANT, audit });
      void app.register(auditRoutes, { prefix: ADMIN, audit: operatorAudit });
    },
    jobs: [writeRefusals(refusals), sealAuditLog(sealer), forgetOldAudit({ sealer, days: config.auditDays })],
  } satisfies Noun;
}
