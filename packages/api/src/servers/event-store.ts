import type { ServerEvent, ServerEventStore } from './events.ts';
import type { Database } from '../platform/db/database.ts';
import { filters } from '../platform/db/filters.ts';

const LIST = `
SELECT e.id, e.at, e.type, e.server_id AS "serverId", s.name AS "serverName", e.code, e.detail
FROM server_events e JOIN servers s ON s.id = e.server_id WHERE true`;

export function createServerEventStore({ pool }: Database): ServerEventStore {
  return {
    async list({ serverId, type, limit, beforeId }) {
      const { and, values } = filters(
        [limit],
        [
          ['e.server_id =', serverId],
          ['e.type =', type],
          ['e.id <', beforeId],
        ],
      );
      const { rows } = await pool.query<ServerEvent>(`${LIST}${and} ORDER BY e.id DESC LIMIT $1`, values);
      return rows;
    },
  };
}
