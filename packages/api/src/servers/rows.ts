import type { ConditionReason } from './condition.ts';
import type { Server } from './server.ts';
import { isReachable } from '../platform/db/reachable.ts';

/** Columns of a VPN server `s`, for `serverFromRow`. */
export const SERVER_COLUMNS = `
  s.id, s.name, s.region, s.state, s.transport, s.mode, host(s.endpoint_host) AS endpoint_host, s.endpoint_port,
  host(s.endpoint_host6) AS endpoint_host6, s.weight, text(s.tunnel_prefix6) AS tunnel_prefix6, s.interface_name, s.public_key, s.netns, s.ssh_host, s.ssh_port, s.ssh_user, s.ssh_host_keys, s.epoch,
  s.agent_version, s.last_contact_at, ${isReachable('s')} AS reachable, s.unreachable_since,
  s.degraded_reasons, s.created_at,
  (SELECT count(*) FROM devices d WHERE d.server_id = s.id AND d.state IN ('live', 'suspended')) AS device_count`;

/** As `noteCondition` writes it. */
export interface StoredReason {
  code: string;
  detail: string;
  since: string;
}

export const reasonFromRow = ({ since, ...reason }: StoredReason): ConditionReason => ({
  ...reason,
  since: new Date(since),
});

export interface ServerRow {
  id: string;
  name: string;
  region: string;
  state: Server['state'];
  transport: Server['transport'];
  mode: Server['mode'];
  endpoint_host: string;
  endpoint_port: number;
  endpoint_host6: string | null;
  weight: number;
  tunnel_prefix6: string | null;
  interface_name: string;
  public_key: Buffer | null;
  netns: string | null;
  ssh_host: string | null;
  ssh_port: number | null;
  ssh_user: string | null;
  ssh_host_keys: string[] | null;
  epoch: string | null;
  agent_version: string | null;
  last_contact_at: Date | null;
  reachable: boolean;
  unreachable_since: Date | null;
  degraded_reasons: StoredReason[];
  created_at: Date;
  device_count: number;
}

export function serverFromRow(row: ServerRow): Server {
  return {
    id: row.id,
    name: row.name,
    region: row.region,
    state: row.state,
    transport: row.transport,
    mode: row.mode,
    endpointHost: row.endpoint_host,
    endpointPort: row.endpoint_port,
    endpointHost6: row.endpoint_host6,
    weight: row.weight,
    tunnelPrefix6: row.tunnel_prefix6,
    interfaceName: row.interface_name,
    publicKey: row.public_key,
    ssh:
      row.ssh_host === null || row.ssh_port === null || row.ssh_user === null
        ? null
        : { host: row.ssh_host, port: row.ssh_port, user: row.ssh_user, hostKeys: row.ssh_host_keys ?? [] },
    netns: row.netns,
    epoch: row.epoch,
    agentVersion: row.agent_version,
    lastContactAt: row.last_contact_at,
    reachable: row.reachable,
    unreachableSince: row.unreachable_since,
    problems: row.degraded_reasons.map(reasonFromRow),
    createdAt: row.created_at,
    deviceCount: row.device_count,
  };
}
