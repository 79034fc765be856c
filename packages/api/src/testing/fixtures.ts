import { newFields } from '../devices/fields.ts';
import { randomBytes } from 'node:crypto';
import type { Owner } from '../devices/ports.ts';
import { newId } from '../platform/ids.ts';
import type { Server } from '../servers/server.ts';
import { encodeKey, generateKeyPair } from '@cvault/wireguard';
import type { Database } from '../platform/db/database.ts';
import { createServerStore } from '../servers/store.ts';

/** Creates a tenant with one user directly in the tables. */
export async function aTenantWithUser(
  { pool }: Database,
  options: { deviceLimit?: number } = {},
): Promise<Owner> {
  const tenantId = newId();
  const userId = newId();
  await pool.query('INSERT INTO tenants (id, name, device_limit) VALUES ($1, $2, $3)', [
    tenantId,
    `tenant ${tenantId}`,
    options.deviceLimit ?? 100_000,
  ]);
  await pool.query('INSERT INTO tenant_users (id, tenant_id, email, password_hash) VALUES ($1, $2, $3, $4)', [
    userId,
    tenantId,
    `${userId}@example.com`,
    'none',
  ]);
  return { tenantId, userId };
}

/** A simulated VPN server that accepts devices. */
export async function aServer(
  database: Database,
  options: { cidr?: string; region?: string; tunnelPrefix6?: string } = {},
): Promise<Server & { publicKey: Buffer }> {
  const servers = createServerStore(database);
  const id = newId();
  await servers.create({
    id,
    name: `server ${id}`,
    region: options.region ?? 'us-east',
    transport: 'memory',
    endpointHost: '203.0.113.1',
    endpointPort: 51820,
    endpointHost6: null,
    tunnelPrefix6: options.tunnelPrefix6 ?? null,
    interfaceName: 'wg0',
    ssh: null,
    netns: null,
    sealedSshKey: null,
    poolCidr: options.cidr ?? '10.8.0.0/24',
  });
  const { publicKey } = generateKeyPair();
  return { ...(await servers.activate(id, { publicKey, hostKeys: [], replaceKey: false })), publicKey };
}

/** Input for a new device with a new key. */
export function aDevice(
  owner: Owner,
  over: { region?: string | null; serverId?: string | null; publicKey?: Buffer; name?: string } = {},
) {
  return {
    id: newId(),
    ...owner,
    ...newFields({ deviceName: over.name ?? 'phone' }),
    region: over.region ?? null,
    serverId: over.serverId ?? null,
    publicKey: over.publicKey ?? generateKeyPair().publicKey,
    sealedPrivateKey: null,
    sealedPresharedKey: null,
  };
}

export const aKey = (): string => encodeKey(generateKeyPair().publicKey);

/** An epoch in the agents' format. */
export const anEpoch = (): string => randomBytes(16).toString('hex');
