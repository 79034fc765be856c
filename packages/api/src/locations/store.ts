import type { LocatedServer, LocationStore } from './location.ts';
import type { Database } from '../platform/db/database.ts';
import { isReachable } from '../platform/db/reachable.ts';

const LOCATED = {
  name: 'servers-located',
  text: `
SELECT id, name, region, host(endpoint_host) AS "endpointHost", tunnel_prefix6 IS NOT NULL AS "hasIpv6",
  state = 'active' AND weight > 0 AS open, ${isReachable('servers')} AND degraded_since IS NULL AS healthy,
  addresses, free_addresses AS "freeAddresses"
FROM servers WHERE state IN ('active', 'draining', 'disabled') AND mode = $1::api_key_mode ORDER BY region, name`,
};

export function createLocationStore({ pool }: Database): LocationStore {
  return {
    async locatedServers(mode) {
      return (await pool.query<LocatedServer>({ ...LOCATED, values: [mode] })).rows;
    },
  };
}
