import type { Server } from './server.ts';
import type { Database } from '../platform/db/database.ts';
import { SERVER_COLUMNS, type ServerRow, serverFromRow } from './rows.ts';

/** How to reach a VPN server. */
export interface ServerAccess {
  readonly server: Server;
  /** Null unless the transport is `ssh`. */
  readonly sealedSshKey: Buffer | null;
}

type AccessRow = ServerRow & { ssh_private_key: Buffer | null };

const SELECT = `SELECT ${SERVER_COLUMNS}, s.ssh_private_key FROM servers s`;

const fromRow = (row: AccessRow): ServerAccess => ({
  server: serverFromRow(row),
  sealedSshKey: row.ssh_private_key,
});

/** VPN servers that may have peers: all that were ever activated and are not removed. */
export async function listServerAccess({ pool }: Database): Promise<ServerAccess[]> {
  const { rows } = await pool.query<AccessRow>(
    `${SELECT} WHERE s.state IN ('active', 'draining', 'disabled', 'removing') AND s.public_key IS NOT NULL`,
  );
  return rows.map(fromRow);
}

/** For any VPN server, activated or not; null if there is none. */
export async function findServerAccess({ pool }: Database, id: string): Promise<ServerAccess | null> {
  const { rows } = await pool.query<AccessRow>(`${SELECT} WHERE s.id = $1`, [id]);
  return rows[0] === undefined ? null : fromRow(rows[0]);
}
