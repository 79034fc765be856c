import { queued } from '../platform/db/outbox.ts';
import { NOTE_CONDITION, tunnelAddressesOf } from '../servers/index.ts';
import type { Acknowledgement, DesiredDigest, DesiredPeer } from './peer.ts';
import type { PeerStore } from './ports.ts';
import { encodeKey } from '@cvault/wireguard';
import type { Database } from '../platform/db/database.ts';
import { isAway } from '../platform/db/errors.ts';
import { PLAN_COLUMNS, PLAN_JOINS, type PlanRow, limitsFromRow } from '../devices/index.ts';
import { repeating } from '../platform/db/transaction.ts';

interface PeerRow extends PlanRow {
  tenant_id: string;
  device_id: string;
  generation: number;
  present: boolean;
  public_key: Buffer;
  addresses: string[];
  preshared_key: Buffer | null;
  replaces_key: Buffer | null;
  applied_generation: number;
  applied_epoch: string | null;
}

const peerColumns = (generation: string, present: string) => `
  d.tenant_id, d.id AS device_id, ${generation} AS generation, ${present} AS present, d.public_key,
  array_remove(ARRAY[host(d.assigned_ip), host(d.assigned_ip6)], NULL) AS addresses, d.preshared_key, d.replaces_key,
  d.applied_generation, d.applied_epoch,${PLAN_COLUMNS}`;

function peerFromRow(row: PeerRow): DesiredPeer {
  return {
    tenantId: row.tenant_id,
    deviceId: row.device_id,
    generation: row.generation,
    present: row.present,
    publicKey: encodeKey(row.public_key),
    addresses: row.addresses,
    sealedPresharedKey: row.preshared_key,
    replaces: row.replaces_key === null ? null : encodeKey(row.replaces_key),
    network: row.network,
    limits: limitsFromRow(row),
    appliedGeneration: row.applied_generation,
    appliedEpoch: row.applied_epoch,
  };
}

/** The devices of a VPN server `$1`. */
const PLACED = `
SELECT ${peerColumns('d.generation', "d.state = 'live'")} FROM devices d ${PLAN_JOINS} WHERE d.server_id = $1`;

/** Devices that moved away from it and whose removal it has not acknowledged. */
const DEPARTED = `
SELECT ${peerColumns('departed.generation', 'false')}
FROM (
  SELECT device_id, max(generation) AS generation FROM departures WHERE server_id = $1 GROUP BY device_id
) AS departed JOIN devices d ON d.id = departed.device_id ${PLAN_JOINS}
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

/** Backs off by the number of attempts, up to a minute. A dead replica's claims become due again. */
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
 * A batch may hold a device twice, registered and deleted at once: only its newest counts, because an UPDATE takes one of
 * several joined rows, whichever it meets first.
 * A key that the device had before its newest generation is free for its tenant once that is acknowledged, and no VPN
 * server that it moved away from may still carry it; a device of generation 1 has had no other.
 * What a VPN server says of a device that has moved away closes its departures; only those of the device itself count as
 * its own. Where a deleted device has departures, `finishDepartures` completes its removal.
 */
const ACKNOWLEDGE = {
  name: 'peers-acknowledge',
  text: `
WITH acked AS (
  SELECT a.id, max(a.generation) AS generation FROM unnest($3::uuid[], $4::bigint[]) AS a (id, generation)
  WHERE EXISTS (SELECT FROM servers WHERE servers.id = $1 AND servers.epoch = $2)
  GROUP BY a.id
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
    devices.state = 'deleted' AND devices.generation = locked.generation AS absent,
    devices.generation > 1 AND devices.generation = locked.generation AS changed, devices.public_key, devices.replaces_key
), gone (device_id, address) AS MATERIALIZED (
  SELECT id, assigned_ip FROM d WHERE absent UNION ALL SELECT * FROM departed
), lease AS (
  UPDATE ip_pool SET state = 'quarantine', tenant_id = NULL, device_id = NULL,
    free_after = now() + $5 * interval '1 second'
  FROM gone WHERE ip_pool.server_id = $1 AND ip_pool.address = gone.address AND ip_pool.device_id = gone.device_id
), key AS (
  UPDATE public_keys SET device_id = NULL
  FROM d WHERE public_keys.device_id = d.id AND d.changed
    AND (d.removed OR public_keys.key_hash NOT IN (sha256(d.public_key), coalesce(sha256(d.replaces_key), ''))
      AND NOT EXISTS (SELECT FROM departures WHERE departures.device_id = d.id))
), sent AS (
  DELETE FROM outbox USING acked
  WHERE outbox.device_id = acked.id AND outbox.server_id = $1 AND outbox.generation <= acked.generation
)
SELECT set_config('synchronous_commit', 'off', true)`,
};

/**
 * Only the refused generation can fail: a later change has its own turn. The address drains as a departure, so it
 * is returned when the VPN server has acknowledged the device's removal. Until then, the device's row still names
 * it.
 */
const FAIL = `
WITH d AS (
  UPDATE devices SET state = 'failed', failure = $4, generation = generation + 1, replaces_key = NULL, overlap_until = NULL
  WHERE tenant_id = $1 AND id = $2 AND generation = $3 AND state = 'live'
  RETURNING *
), lease AS (
  UPDATE ip_pool SET state = 'draining', tenant_id = d.tenant_id, device_id = d.id
  FROM d WHERE ip_pool.server_id = d.server_id AND ip_pool.address = d.assigned_ip
), departure AS (
  INSERT INTO departures (tenant_id, device_id, server_id, generation, address)
  SELECT tenant_id, id, server_id, generation, assigned_ip FROM d
), ${queued('d')}, user_quota AS (
  UPDATE tenant_users SET device_count = device_count - 1
  FROM d WHERE tenant_users.tenant_id = d.tenant_id AND tenant_users.id = d.user_id
  RETURNING tenant_users.tenant_id
)
UPDATE tenants SET device_count = device_count - 1 FROM user_quota WHERE tenants.id = user_quota.tenant_id`;

/** Two replicas that look at the same time share the VPN servers: the first to lock a row gets it. */
const CLAIM_LOOK = `
WITH due AS (
  SELECT id FROM servers WHERE id = ANY($1::uuid[]) AND look_after <= now() ORDER BY id FOR UPDATE SKIP LOCKED
)
UPDATE servers SET look_after = now() + $2 * interval '1 millisecond' FROM due WHERE servers.id = due.id
RETURNING servers.id`;

const DIGESTS = `
SELECT s.id, s.epoch, count(d.id) FILTER (WHERE d.state = 'live') AS peers,
  coalesce(bit_xor(d.peer_digest) FILTER (WHERE d.state = 'live'), 0)::text AS digest,
  count(d.id) FILTER (
    WHERE d.applied_generation <> d.generation OR d.applied_epoch IS DISTINCT FROM s.epoch
  ) AS unnoted, text(s.tunnel_prefix6) AS "tunnelPrefix6",
  (
    SELECT coalesce(json_agg(json_build_object('gateway', host(p.gateway), 'cidr', text(p.cidr)) ORDER BY p.created_at, p.id), '[]')
    FROM pools p WHERE p.server_id = s.id
  ) AS pools
FROM servers s LEFT JOIN devices d ON d.server_id = s.id AND d.removed_at IS NULL
WHERE s.id = ANY($1::uuid[])
GROUP BY s.id`;

interface DigestRow {
  id: string;
  epoch: string | null;
  peers: number;
  /** As text: a number cannot hold 64 bits. */
  digest: string;
  unnoted: number;
  tunnelPrefix6: string | null;
  pools: { gateway: string; cidr: string }[];
}

const digestFromRow = ({ digest, tunnelPrefix6, pools, ...row }: DigestRow): DesiredDigest => ({
  epoch: row.epoch,
  peers: row.peers,
  digest: BigInt.asUintN(64, BigInt(digest)),
  unnoted: row.unnoted,
  tunnelAddresses: tunnelAddressesOf({ tunnelPrefix6 }, pools),
});

/**
 * @param quarantineSeconds how long a freed address stays unused, so that no packet of its last holder reaches the
 * next
 */
export function createPeerStore({ pool }: Database, quarantineSeconds: number): PeerStore {
  return {
    async desired(serverId) {
      return (await pool.query<PeerRow>({ ...DESIRED, values: [serverId] })).rows.map(peerFromRow);
    },

    async claimDue(serverId, limit) {
      const query = { ...CLAIM_DUE, values: [serverId, limit] };
      return (await repeating(() => pool.query<PeerRow>(query))).rows.map(peerFromRow);
    },

    async serversWithDue() {
      const { rows } = await pool.query<{ server_id: string }>(
        'SELECT DISTINCT server_id FROM outbox WHERE not_before <= now()',
      );
      return rows.map((row) => row.server_id);
    },

    async adoptEpoch(serverId, epoch, agentVersion) {
      await pool.query(
        `UPDATE servers SET epoch = $2, agent_version = coalesce($3, agent_version), last_contact_at = now()
         WHERE id = $1`,
        [serverId, epoch, agentVersion],
      );
    },

    async tunnelAddresses(serverId) {
      const { rows } = await pool.query<{ gateway: string; cidr: string; tunnelPrefix6: string | null }>({
        ...TUNNEL_ADDRESSES,
        values: [serverId],
      });
      return tunnelAddressesOf({ tunnelPrefix6: rows[0]?.tunnelPrefix6 ?? null }, rows);
    },

    async noteContact(serverIds) {
      await pool.query(
        `WITH answering AS (SELECT id FROM servers WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE)
         UPDATE servers SET last_contact_at = now() FROM answering WHERE servers.id = answering.id`,
        [serverIds],
      );
    },

    async claimLook(serverIds, forMs) {
      const { rows } = await pool.query<{ id: string }>(CLAIM_LOOK, [serverIds, forMs]);
      return rows.map((row) => row.id);
    },

    async digests(serverIds) {
      const { rows } = await pool.query<DigestRow>(DIGESTS, [serverIds]);
      return new Map(rows.map((row) => [row.id, digestFromRow(row)]));
    },

    async noteCondition(serverId, epoch, { problems, mended }) {
      const values = [serverId, epoch, JSON.stringify(problems), JSON.stringify(mended)];
      await repeating(() => pool.query(NOTE_CONDITION, values));
    },

    async noteDrift(serverId, found) {
      await pool.query(
        'UPDATE servers SET drift_found = drift_found + $2, drift_found_at = now() WHERE id = $1',
        [serverId, found],
      );
    },

    async acknowledge(serverId, epoch, acknowledged) {
      const failed = new Map<Acknowledgement, unknown>();
      await write(acknowledged);
      return failed;

      /** If a batch fails, its halves are tried: a device that cannot be stored does not block the others. */
      async function write(some: readonly Acknowledgement[]): Promise<void> {
        const [first] = some;
        if (first === undefined) return;
        const ids = some.map(({ deviceId }) => deviceId);
        const generations = some.map(({ generation }) => generation);
        const query = { ...ACKNOWLEDGE, values: [serverId, epoch, ids, generations, quarantineSeconds] };
        try {
          await repeating(() => pool.query(query));
        } catch (error) {
          if (isAway(error)) throw error;
          if (some.length === 1) return void failed.set(first, error);
          const middle = Math.ceil(some.length / 2);
          await write(some.slice(0, middle));
          await write(some.slice(middle));
        }
      }
    },

    async fail({ tenantId, deviceId, generation }, reason) {
      await repeating(() => pool.query(FAIL, [tenantId, deviceId, generation, reason]));
    },
  };
}
