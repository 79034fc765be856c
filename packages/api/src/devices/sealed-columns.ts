import type { Cell } from '../platform/crypto/vault.ts';

export function privateKeyCell(tenantId: string, deviceId: string): Cell {
  return { owner: tenantId, row: deviceId, column: 'devices.private_key' };
}

export function presharedKeyCell(tenantId: string, deviceId: string): Cell {
  return { owner: tenantId, row: deviceId, column: 'devices.preshared_key' };
}
