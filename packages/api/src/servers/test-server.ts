import { generateKeyPair } from '@cvault/wireguard';
import { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { FleetControl, ServerStore } from './ports.ts';

const NAME = 'Test (simulated)';
const REGION = 'test';
/** An address of TEST-NET-1 (RFC 5737): packets to it reach nobody. */
const ENDPOINT = '192.0.2.1';
const PORT = 51820;
/** 4,093 devices of all tenants; the operator can add pools as usual. */
const POOL = '10.255.0.0/20';

export interface TestModeDeps {
  readonly servers: Pick<ServerStore, 'list' | 'create' | 'activate'>;
  readonly fleet: Pick<FleetControl, 'refresh'>;
}

/**
 * Makes the platform's one simulated VPN server for test keys if it is missing. Its interface's private key is not
 * kept: there is no interface.
 */
export async function prepareTestMode({ servers, fleet }: TestModeDeps): Promise<void> {
  const find = async () => (await servers.list()).find((server) => server.mode === 'test');
  try {
    const server = (await find()) ?? (await create(servers)).server;
    if (server.state !== 'provisioning') return;
    await servers.activate(server.id, {
      publicKey: generateKeyPair().publicKey,
      hostKeys: [],
      replaceKey: false,
    });
  } catch (error) {
    // Another replica is creating it, which is just as good.
    const elsewhere =
      error instanceof CVaultError && (error.code === 'name_taken' || error.code === 'state_conflict');
    if (!elsewhere || (await find()) === undefined) throw error;
  }
  await fleet.refresh();
}

function create(servers: TestModeDeps['servers']) {
  return servers.create({
    id: newId(),
    name: NAME,
    region: REGION,
    transport: 'memory',
    mode: 'test',
    endpointHost: ENDPOINT,
    endpointPort: PORT,
    endpointHost6: null,
    tunnelPrefix6: null,
    interfaceName: 'wg0',
    ssh: null,
    netns: null,
    sealedSshKey: null,
    poolCidr: POOL,
  });
}
