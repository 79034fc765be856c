import { SETTING_COLUMNS } from '../settings/index.ts';

/** The columns of `tenants` as the fields of a Tenant. */
export const TENANT_COLUMNS = `
  id, name, state, device_count AS "deviceCount", ${SETTING_COLUMNS}, created_at AS "createdAt"`;
