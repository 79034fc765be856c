import type { ApiKeyService } from '../api-keys/index.ts';
import type { Authenticator } from '../platform/access/authenticator.ts';
import type { TenantPrincipal } from '../platform/access/principal.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { newTunnelPrefix6 } from '../pools/index.ts';
import type { ServerStore } from '../servers/index.ts';
import type { UserService } from '../sign-in/index.ts';
import type { TenantService } from '../tenants/index.ts';
import type { Database } from '../platform/db/database.ts';
import { type DemoSecrets, saveDemoSecrets } from './secrets.ts';
import { DEMO_PORT, type DemoVpnServer } from './vpn-server.ts';

const TENANT = 'Test Company Inc';
const USER = 'test@example.com';
const SERVER = 'US-East-Primary';
const REGION = 'us-east';
const POOL = '10.8.0.0/24';
/** This process's own address, for keys with allowed sources. */
const LOOPBACK = '127.0.0.1';

export interface SeedDeps {
  readonly database: Database;
  readonly authenticator: Authenticator;
  readonly tenants: TenantService;
  readonly apiKeys: ApiKeyService;
  readonly users: UserService;
  readonly servers: ServerStore;
}

export interface DemoTenant {
  readonly id: string;
  readonly name: string;
  readonly apiKey: string;
  readonly userEmail: string;
}

async function tenantId({ database, tenants }: SeedDeps): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM tenants WHERE name = $1', [
    TENANT,
  ]);
  return rows[0]?.id ?? (await tenants.create({ name: TENANT })).id;
}

/** The key in the data directory, or a new one if that is no longer valid. */
async function apiKey(deps: SeedDeps, id: string, dataDir: string, secrets: DemoSecrets): Promise<string> {
  const opens = await deps.authenticator.tenant(secrets.apiKey ?? undefined, LOOPBACK).then(
    () => true,
    (error: unknown) => error instanceof CVaultError && error.code === 'tenant_suspended',
  );
  if (secrets.apiKey !== null && opens) return secrets.apiKey;
  const made = (
    await deps.apiKeys.create({ tenantId: id, by: 'operator' }, { name: 'demo', mode: 'live' })
  ).key.reveal();
  await saveDemoSecrets(dataDir, { ...secrets, apiKey: made });
  return made;
}

async function user({ users }: SeedDeps, principal: TenantPrincipal, password: string): Promise<void> {
  try {
    await users.register(principal, { email: USER, password: new Secret(password) });
  } catch (error) {
    if (!(error instanceof CVaultError && error.code === 'email_taken')) throw error;
  }
}

/** Creates the VPN server's row, or updates it: a real server may be simulated at the next start. */
async function server({ database, servers }: SeedDeps, vpnServer: DemoVpnServer): Promise<void> {
  const transport = vpnServer.kind === 'real' ? 'local' : 'memory';
  const tunnelPrefix6 = vpnServer.hasIpv6 ? newTunnelPrefix6() : null;
  const { endpointHost, interfaceName, netns } = vpnServer;
  const { rowCount } = await database.pool.query(
    `UPDATE servers SET transport = $2, endpoint_host = $3, endpoint_port = $4, interface_name = $5, netns = $6,
       tunnel_prefix6 = coalesce(tunnel_prefix6, $7)
     WHERE name = $1 AND transport <> 'ssh'`,
    [SERVER, transport, endpointHost, DEMO_PORT, interfaceName, netns, tunnelPrefix6],
  );
  if (rowCount !== 0) return;
  const id = newId();
  await servers.create({
    id,
    name: SERVER,
    region: REGION,
    transport,
    endpointHost,
    endpointPort: DEMO_PORT,
    endpointHost6: null,
    tunnelPrefix6,
    interfaceName,
    ssh: null,
    netns,
    sealedSshKey: null,
    poolCidr: POOL,
  });
  await servers.activate(id, { publicKey: vpnServer.publicKey, hostKeys: [], replaceKey: false });
}

/** Creates the demo's tenant, API key, user and VPN server if they do not exist. */
export async function seedDemo(
  deps: SeedDeps,
  dataDir: string,
  secrets: DemoSecrets,
  vpnServer: DemoVpnServer,
): Promise<DemoTenant> {
  await server(deps, vpnServer);
  const id = await tenantId(deps);
  const key = await apiKey(deps, id, dataDir, secrets);
  const principal = await deps.authenticator.tenant(key, LOOPBACK).catch((error: unknown) => {
    // The operator has suspended the demo tenant, whose user exists already.
    if (error instanceof CVaultError && error.code === 'tenant_suspended') return null;
    throw error;
  });
  if (principal !== null) await user(deps, principal, secrets.userPassword);
  return { id, name: TENANT, apiKey: key, userEmail: USER };
}
