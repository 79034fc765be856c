import type { Server } from '@cvault/core';
import type { Database } from '../database.ts';
import { SERVER_COLUMNS, type ServerRow, serverFromRow } from './rows.ts';

/** How a VPN server is reached. */
export interface ServerAccess {
  readonly server: Server;
  /** Null unless the transport is `ssh`. */
  readonly sealedSshKey: Buffer | null;
}

/** VPN servers that may carry peers: all that were ever activated and are not gone. */
export async function listServerAccess({ pool }: Database): Promise<ServerAccess[]> {
  const { rows } = await pool.query<ServerRow & { ssh_private_key: Buffer | null }>(
    `SELECT ${SERVER_COLUMNS}, s.ssh_private_key FROM servers s
     WHERE s.state IN ('active', 'draining', 'disabled', 'removing') AND s.public_key IS NOT NULL`,
  );
  return rows.map((row) => ({ server: serverFromRow(row), sealedSshKey: row.ssh_private_key }));
}
