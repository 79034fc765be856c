import { CVaultError, newId, type Pool } from '@cvault/core';
import type pg from 'pg';
import { brokenConstraint } from '../database.ts';
import { type PoolRow, poolFromRow } from './rows.ts';

type Queryable = Pick<pg.Pool | pg.PoolClient, 'query'>;

/** 256 pools of 253 devices. Pools of different VPN servers may be equal: their addresses never meet. */
const DEFAULT_NETWORK = '10.8.0.0/16';

const LIST = `
SELECT p.id, p.server_id, text(p.cidr) AS cidr, host(p.gateway) AS gateway, p.created_at,
  count(*) FILTER (WHERE a.state IN ('free', 'quarantine') AND a.free_after <= now()) AS free,
  count(*) FILTER (WHERE a.state = 'held') AS held,
  count(*) FILTER (WHERE a.state = 'draining') AS draining,
  count(*) FILTER (WHERE a.state = 'quarantine' AND a.free_after > now()) AS quarantine
FROM pools p LEFT JOIN ip_pool a ON a.server_id = p.server_id AND a.pool_id = p.id
WHERE p.server_id = $1 GROUP BY p.id ORDER BY p.created_at, p.id`;

export async function listPools(db: Queryable, serverId: string): Promise<Pool[]> {
  return (await db.query<PoolRow>(LIST, [serverId])).rows.map(poolFromRow);
}

/** The first /24 of the default network that no pool touches; the first of all where every one is touched. */
export async function nextDefaultCidr(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ cidr: string }>(
    `SELECT text(candidate) AS cidr
     FROM (SELECT set_masklen(network($1::cidr)::inet + n * 256, 24)::cidr AS candidate
           FROM generate_series(0, 255) AS n) AS candidates
     ORDER BY EXISTS (SELECT FROM pools WHERE pools.cidr && candidate), candidate LIMIT 1`,
    [DEFAULT_NETWORK],
  );
  return rows[0]!.cidr;
}

/**
 * Adds a pool and its addresses: the first host address is the VPN server's own, the rest up to the one before the
 * broadcast address can be leased.
 * @throws CVaultError `pool_overlap`
 */
export async function insertPool(db: Queryable, serverId: string, cidr: string): Promise<void> {
  try {
    await db.query(
      `WITH pool AS (
         INSERT INTO pools (id, server_id, cidr, gateway)
         VALUES ($1, $2, $3::cidr, host(network($3::cidr)::inet + 1)::inet) RETURNING id, server_id, cidr
       )
       INSERT INTO ip_pool (server_id, pool_id, address)
       SELECT pool.server_id, pool.id, host(network(pool.cidr)::inet + n)::inet
       FROM pool, generate_series(2, (2 ^ (32 - masklen(pool.cidr)))::int - 2) AS n`,
      [newId(), serverId, cidr],
    );
  } catch (cause) {
    if (brokenConstraint(cause) === 'ip_pool_pkey') {
      throw new CVaultError('pool_overlap', 'The pool overlaps another one of this VPN server.', { cause });
    }
    throw cause;
  }
}

/**
 * Answers false where there is none.
 * @throws CVaultError `in_use`
 */
export async function deletePool(db: Queryable, serverId: string, poolId: string): Promise<boolean> {
  // The addresses are locked before they are looked at: a registration in between takes one of another pool.
  const { rows } = await db.query<{ used: number; gone: number }>(
    `WITH addresses AS (
       SELECT state FROM ip_pool WHERE server_id = $1 AND pool_id = $2 FOR UPDATE
     ), used AS (
       SELECT count(*) AS n FROM addresses WHERE state IN ('held', 'draining')
     ), gone AS (
       DELETE FROM pools USING used WHERE pools.server_id = $1 AND pools.id = $2 AND used.n = 0 RETURNING 1
     )
     SELECT used.n AS used, (SELECT count(*) FROM gone) AS gone FROM used`,
    [serverId, poolId],
  );
  const { used, gone } = rows[0]!;
  if (used > 0) throw new CVaultError('in_use', `${used} addresses of the pool are held by devices.`);
  return gone > 0;
}
