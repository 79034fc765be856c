import { CVaultError } from '../platform/errors.ts';
import type { NewServer, ServerStore } from './ports.ts';
import type { Server } from './server.ts';
import type pg from 'pg';
import { brokenConstraint, type Database } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/transaction.ts';
import { activateServer } from './activation.ts';
import { findEvacuation } from './evacuation-store.ts';
import { beginEvacuation, changeServerState } from './maintenance.ts';
import { evictDevices, finishRemoval } from './removal.ts';
import { deletePool, growPool, insertPool, listPools, nextDefaultCidr } from '../pools/index.ts';
import { SERVER_COLUMNS, type ServerRow, serverFromRow } from './rows.ts';

const NOT_REMOVED = "s.state <> 'removed'";

async function insertServer(db: pg.PoolClient, server: NewServer): Promise<void> {
  await db.query(
    `INSERT INTO servers (id, name, region, transport, endpoint_host, endpoint_port, interface_name, netns,
       ssh_host, ssh_port, ssh_user, ssh_host_keys, ssh_private_key, endpoint_host6, tunnel_prefix6, mode)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      server.id,
      server.name,
      server.region,
      server.transport,
      server.endpointHost,
      server.endpointPort,
      server.interfaceName,
      server.netns,
      server.ssh?.host ?? null,
      server.ssh?.port ?? null,
      server.ssh?.user ?? null,
      server.ssh?.hostKeys ?? [],
      server.sealedSshKey,
      server.endpointHost6,
      server.tunnelPrefix6,
      server.mode ?? 'live',
    ],
  );
}

/** Turns violations of the unique indexes on VPN servers into messages; every other error stays. */
function asRefusal(cause: unknown): unknown {
  switch (brokenConstraint(cause)) {
    case 'servers_name':
      return new CVaultError('name_taken', 'Another VPN server has this name.', { cause });
    case 'servers_tunnel_prefix6':
      return new CVaultError('pool_overlap', 'Another VPN server has this IPv6 prefix.', { cause });
    default:
      return cause;
  }
}

export function createServerStore({ pool }: Database): ServerStore {
  async function find(id: string): Promise<Server | null> {
    const { rows } = await pool.query<ServerRow>(
      `SELECT ${SERVER_COLUMNS} FROM servers s WHERE s.id = $1 AND ${NOT_REMOVED}`,
      [id],
    );
    return rows[0] === undefined ? null : serverFromRow(rows[0]);
  }

  return {
    async create(server) {
      try {
        await inTransaction(pool, async (db) => {
          await insertServer(db, server);
          await insertPool(db, server.id, server.poolCidr ?? (await nextDefaultCidr(db)));
        });
      } catch (cause) {
        throw asRefusal(cause);
      }
      return { server: (await find(server.id))!, pools: await listPools(pool, server.id) };
    },

    async list() {
      const { rows } = await pool.query<ServerRow>(
        `SELECT ${SERVER_COLUMNS} FROM servers s WHERE ${NOT_REMOVED} ORDER BY s.created_at, s.id`,
      );
      return rows.map(serverFromRow);
    },

    find,

    async activate(id, activation) {
      await activateServer(pool, id, activation);
      return (await find(id))!;
    },

    async sealedSshKey(id) {
      const { rows } = await pool.query<{ ssh_private_key: Buffer | null }>(
        'SELECT ssh_private_key FROM servers WHERE id = $1',
        [id],
      );
      return rows[0]?.ssh_private_key ?? null;
    },

    changeState: (id, to) => changeServerState(pool, id, to),

    beginEvacuation: (id, region) => beginEvacuation(pool, id, region),

    evacuation: (id) => findEvacuation(pool, id),

    async update(id, { name, weight, endpointHost, endpointPort, endpointHost6 }) {
      try {
        await pool.query(
          `UPDATE servers SET name = coalesce($2, name), weight = coalesce($3, weight),
             endpoint_host = coalesce($4, endpoint_host), endpoint_port = coalesce($5, endpoint_port),
             endpoint_host6 = CASE WHEN $6 THEN $7::inet ELSE endpoint_host6 END
           WHERE id = $1`,
          [id, name, weight, endpointHost, endpointPort, endpointHost6 !== undefined, endpointHost6],
        );
      } catch (cause) {
        throw asRefusal(cause);
      }
    },

    evict: (id) => evictDevices(pool, id),

    finishRemoval: (id, force) => finishRemoval(pool, id, force),

    async removing() {
      const { rows } = await pool.query<{ id: string }>("SELECT id FROM servers WHERE state = 'removing'");
      return rows.map((row) => row.id);
    },

    pools: (serverId) => listPools(pool, serverId),

    async addPool(serverId, cidr) {
      const id = await inTransaction(pool, (db) => insertPool(db, serverId, cidr));
      return (await listPools(pool, serverId)).find((added) => added.id === id)!;
    },

    async growPool(serverId, poolId, cidr) {
      await inTransaction(pool, (db) => growPool(db, serverId, poolId, cidr));
      return (await listPools(pool, serverId)).find((grown) => grown.id === poolId)!;
    },

    removePool: (serverId, poolId) => inTransaction(pool, (db) => deletePool(db, serverId, poolId)),
  };
}
