import type { Owner } from './ports.ts';
import type pg from 'pg';
import { askAsTenant } from '../platform/db/tenancy.ts';

const ERASE = `
UPDATE devices SET private_key = NULL, private_key_erased = true
WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND state <> 'deleted' AND private_key = $4`;

/** See `DeviceStore.erasePrivateKey`. A second call waits for the row and finds the key gone. */
export async function erasePrivateKey(
  pool: pg.Pool,
  { tenantId, userId }: Owner,
  id: string,
  sealed: Buffer,
): Promise<boolean> {
  const { rowCount } = await askAsTenant(pool, tenantId, ERASE, [tenantId, userId, id, sealed]);
  return rowCount === 1;
}
