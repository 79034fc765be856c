import type { Pool } from './pool.ts';

export interface PoolRow {
  id: string;
  server_id: string;
  cidr: string;
  gateway: string;
  created_at: Date;
  free: number;
  held: number;
  draining: number;
  quarantine: number;
}

export function poolFromRow(row: PoolRow): Pool {
  return {
    id: row.id,
    serverId: row.server_id,
    cidr: row.cidr,
    gateway: row.gateway,
    createdAt: row.created_at,
    addresses: { free: row.free, held: row.held, draining: row.draining, quarantine: row.quarantine },
  };
}
