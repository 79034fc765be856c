import { type DesiredPeer, type PeerStore, tunnelAddressesOf } from '@cvault/core';
import { encodeKey } from '@cvault/wireguard';
import type { Database } from './database.ts';

interface PeerRow {
  tenant_id: string;
  device_id: string;
  generation: number;
  present: boolean;
  public_key: Buffer;
  addresses: string[];
  applied_generation: number;
  applied_epoch: string | null;
}

const peerColumns = (generation: string, present: string) => `
  d.tenant_id, d.id AS device_id, ${generation} AS generation, ${present} AS present, d.public_key,
  array_remove(ARRAY[host(d.assigned_ip), host(d.assigned_ip6)], NULL) AS addresses, d.applied_generation, d.applied_epoch`;

function peerFromRow(row: PeerRow): DesiredPeer {
  return {
    tenantId: row.tenant_id,
    deviceId: row.device_id,
    generation: row.generation,
    present: row.present,
    publicKey: encodeKey(row.public_key),
    addresses: row.addresses,
    appliedGeneration: row.applied_generation,
    appliedEpoch: row.applied_epoch,
  };
}

/** The devices of a VPN server `$1`. */
const PLACED = `
SELECT ${peerColumns('d.generation', "d.state = 'live'")} FROM devices d WHERE d.server_id = $1`;

/** Devices that have moved away from it and that it has not acknowledged to be gone. */
const DEPARTED = `
SELECT ${peerColumns('departed.generation', 'false')}
FROM (
  SELECT device_id, max(generation) AS generation FROM departures WHERE server_id = $1 GROUP BY device_id
) AS departed JOIN devices d ON d.id = departed.device_id
WHERE d.server_id <> $1`;

const DESIRED = {
  name: 'peers-desired',
  text: `${PLACED} AND d.removed_at IS NULL UNION ALL ${DEPARTED}`,
};

const TUNNEL_ADDRESSES = {
  name: 'servers-tunnel-addresses',
  text: `
SELECT host(p.gateway) AS gateway, text(p.cidr) AS cidr, text(s.tunnel_prefix6) AS "tunnelPrefix6"
FROM pools p JOIN servers s ON s.id = p.server_id WHERE p.server_id = $1 ORDER BY p.created_at, p.id`,
};

/** Backs off by the number of attempts, up to a minute. A dead replica's claims come due again by themselves. */
const CLAIM_DUE = {
  name: 'peers-claim-due',
  text: `
WITH due AS (
  SELECT id FROM outbox WHERE server_id = $1 AND not_before <= now()
  ORDER BY not_before LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE outbox SET attempts = attempts + 1, not_before = now() + least(60, 5 * (attempts + 1)) * interval '1 second'
  FROM due WHERE outbox.id = due.id
  RETURNING outbox.device_id
)
${PLACED} AND d.id IN (SELECT device_id FROM claimed)
UNION ALL ${DEPARTED} AND d.id IN (SELECT device_id FROM claimed)`,
};

/**
 * One statement for a whole batch. Rows are locked in the order of their ids, so that two replicas that acknowledge the
 * same devices wait for each other instead of deadlocking. Durable only with the next commit that is (the last line):
 * losing it to a crash of PostgreSQL costs one repeated acknowledgement, a flush would cost every caller 1–3 ms.
 * What a VPN server says of a device that has moved away closes its departures; only those of the device itself count as
 * its own. Where a deleted device has departures, `finishDepartures` completes its removal.
 */
const ACKNOWLEDGE = {
  name: 'peers-acknowledge',
  text: `
WITH acked AS (
  SELECT a.id, a.generation FROM unnest($3::uuid[], $4::bigint[]) AS a (id, generation)
  WHERE EXISTS (SELECT FROM servers WHERE servers.id = $1 AND servers.epoch = $2)
), locked AS (
  SELECT devices.id, devices.server_id, acked.generation FROM devices JOIN acked ON acked.id = devices.id
  WHERE devices.removed_at IS NULL AND acked.generation <= devices.generation
  ORDER BY devices.id FOR UPDATE OF devices
), departed AS (
  DELETE FROM departures USING locked
  WHERE departures.device_id = locked.id AND departures.server_id = $1
    AND departures.generation <= locked.generation
  RETURNING departures.device_id, departures.address
), d AS (
  UPDATE devices SET applied_generation = locked.generation, applied_epoch = $2,
    removed_at = CASE WHEN devices.state = 'deleted' AND devices.generation = locked.generation
      AND NOT EXISTS (SELECT FROM departures WHERE departures.device_id = devices.id) THEN now() END
  FROM locked
  WHERE devices.id = locked.id AND locked.server_id = $1 AND locked.generation >= devices.applied_generation
  RETURNING devices.id, devices.assigned_ip, devices.removed_at IS NOT NULL AS removed,
    devices.state = 'deleted' AND devices.generation = locked.generation AS absent
), gone (device_id, address) AS MATERIALIZED (
  SELECT id, assigned_ip FROM d WHERE absent UNION ALL SELECT * FROM departed
), lease AS (
  UPDATE ip_pool SET state = 'quarantine', tenant_id = NULL, device_id = NULL,
    free_after = now() + $5 * interval '1 second'
  FROM gone WHERE ip_pool.server_id = $1 AND ip_pool.address = gone.address AND ip_pool.device_id = gone.device_id
), key AS (
  UPDATE public_keys SET device_id = NULL FROM d WHERE public_keys.device_id = d.id AND d.removed
), sent AS (
  DELETE FROM outbox USING acked
  WHERE outbox.device_id = acked.id AND outbox.server_id = $1 AND outbox.generation <= acked.generation
)
SELECT set_config('synchronous_commit', 'off', true)`,
};

/**
 * Only the generation that was refused can fail: a change made since has its own turn. The address drains until the
 * device is deleted: its row goes on naming it.
 */
const FAIL = `
WITH d AS (
  UPDATE devices SET state = 'failed', failure = $4, generation = generation + 1
  WHERE tenant_id = $1 AND id = $2 AND generation = $3 AND state = 'live'
  RETURNING *
), lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = d.tenant_id, device_id = d.id
  FROM d WHERE ip_pool.server_id = d.server_id AND ip_pool.address = d.assigned_ip
), queued AS (
  INSERT INTO outbox (tenant_id, server_id, device_id, generation)
  SELECT tenant_id, server_id, id, generation FROM d
)
UPDATE tenants SET device_count = device_count - 1 FROM d WHERE tenants.id = d.tenant_id`;

/** @param quarantineSeconds how long a freed address stays unused, so that nothing of its last holder reaches the next */
export function createPeerStore({ pool }: Database, quarantineSeconds: number): PeerStore {
  return {
    async desired(serverId) {
      return (await pool.query<PeerRow>({ ...DESIRED, values: [serverId] })).rows.map(peerFromRow);
    },

    async claimDue(serverId, limit) {
      return (await pool.query<PeerRow>({ ...CLAIM_DUE, values: [serverId, limit] })).rows.map(peerFromRow);
    },

    async serversWithDue() {
      const { rows } = await pool.query<{ server_id: string }>(
        'SELECT DISTINCT server_id FROM outbox WHERE not_before <= now()',
      );
      return rows.map((row) => row.server_id);
    },

    async adoptEpoch(serverId, epoch) {
      await pool.query('UPDATE servers SET epoch = $2, last_contact_at = now() WHERE id = $1', [
        serverId,
        epoch,
      ]);
    },

    async tunnelAddresses(serverId) {
      const { rows } = await pool.query<{ gateway: string; cidr: string; tunnelPrefix6: string | null }>({
        ...TUNNEL_ADDRESSES,
        values: [serverId],
      });
      return tunnelAddressesOf({ tunnelPrefix6: rows[0]?.tunnelPrefix6 ?? null }, rows);
    },

    async heard(serverId) {
      await pool.query('UPDATE servers SET last_contact_at = now() WHERE id = $1', [serverId]);
    },

    async acknowledge(serverId, epoch, acknowledged) {
      if (acknowledged.length === 0) return;
      await pool.query({
        ...ACKNOWLEDGE,
        values: [
          serverId,
          epoch,
          acknowledged.map((ack) => ack.deviceId),
          acknowledged.map((ack) => ack.generation),
          quarantineSeconds,
        ],
      });
    },

    async fail({ tenantId, deviceId, generation }, reason) {
      await pool.query(FAIL, [tenantId, deviceId, generation, reason]);
    },
  };
}
