import type { SealedColumn } from '../platform/crypto/vault.ts';

export function privateKeyColumn(tenantId: string, deviceId: string): SealedColumn {
  return { owner: tenantId, row: deviceId, column: 'devices.private_key' };
}

export function presharedKeyColumn(tenantId: string, deviceId: string): SealedColumn {
  return { owner: tenantId, row: deviceId, column: 'devices.preshared_key' };
}
