import { InvalidCidr, InvalidPublicKey, parseIpv4Cidr, parsePublicKey } from '@cvault/wireguard';
import { CVaultError, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Cell, Vault } from '../keys/vault.ts';
import type { Secret } from '../secret.ts';
import type { FleetControl, Installer, Probe, ServerStore } from './admin-ports.ts';
import type { Pool, Server } from './server.ts';
import { checkTunnelPrefix6, gatewayOfPrefix6, newTunnelPrefix6 } from './tunnel-prefix.ts';

/** Pools from 5 to 65,533 device addresses. */
const POOL_PREFIX_MIN = 16;
const POOL_PREFIX_MAX = 29;
/** How long a removal is waited for before the caller is told that it goes on by itself. */
const REMOVAL_WAIT_MS = 5_000;
const REMOVAL_LOOK_MS = 50;

export interface AddServerInput {
  readonly name: string;
  readonly region: string;
  readonly endpointHost: string;
  readonly endpointPort: number;
  readonly endpointHost6?: string | undefined;
  readonly sshHost: string;
  readonly sshPort: number;
  /** Absent: the next free range of the default network. */
  readonly poolCidr?: string | undefined;
  /** Absent: a random unique local one. Null: no IPv6 in the tunnel. */
  readonly tunnelPrefix6?: string | null | undefined;
}

export interface ServerServiceDeps {
  readonly servers: ServerStore;
  readonly fleet: FleetControl;
  readonly installer: Installer;
  readonly newControlKey: () => { readonly privateKey: Secret<string>; readonly publicKey: string };
  readonly vault: Vault;
  /** The account that the installation makes. */
  readonly sshUser: string;
  readonly interfaceName: string;
}

export function sshKeyCell(serverId: string): Cell {
  return { owner: 'platform', row: serverId, column: 'servers.ssh_private_key' };
}

/** @throws CVaultError `invalid_request` */
function checkPoolCidr(text: string): string {
  const refuse = (message: string, cause?: unknown) =>
    new CVaultError('invalid_request', 'The pool’s range is not valid.', {
      cause,
      faults: [{ pointer: '/cidr', message }],
    });
  try {
    const cidr = parseIpv4Cidr(text);
    if (cidr.prefix < POOL_PREFIX_MIN || cidr.prefix > POOL_PREFIX_MAX) {
      throw refuse(`must have a prefix length from /${POOL_PREFIX_MIN} to /${POOL_PREFIX_MAX}`);
    }
    return cidr.canonical;
  } catch (cause) {
    if (cause instanceof InvalidCidr) throw refuse(cause.reason, cause);
    throw cause;
  }
}

function tunnelPrefix6Of({ tunnelPrefix6 }: AddServerInput): string | null {
  if (tunnelPrefix6 === undefined) return newTunnelPrefix6();
  return tunnelPrefix6 === null ? null : checkTunnelPrefix6(tunnelPrefix6);
}

/** The VPN server's own tunnel addresses, each with the length of the network that devices have theirs from. */
export function tunnelAddressesOf(
  { tunnelPrefix6 }: Pick<Server, 'tunnelPrefix6'>,
  pools: readonly Pick<Pool, 'gateway' | 'cidr'>[],
): string[] {
  const own = pools.map((pool) => `${pool.gateway}/${pool.cidr.split('/')[1] ?? ''}`);
  return tunnelPrefix6 === null ? own : [...own, gatewayOfPrefix6(tunnelPrefix6)];
}

/** What the operator does with VPN servers and their pools. */
export function createServerService(deps: ServerServiceDeps) {
  const { servers, fleet, vault } = deps;

  async function get(id: string): Promise<Server> {
    const server = await servers.find(id);
    if (server === null) throw notFound('VPN server');
    return server;
  }

  async function changeState(id: string, from: Server['state'][], to: Server['state']): Promise<Server> {
    const server = await get(id);
    if (server.state !== to && !(await servers.setState(id, from, to))) {
      throw new CVaultError('state_conflict', `The VPN server is ${server.state}.`);
    }
    await fleet.refresh();
    return get(id);
  }

  /** True when it is gone, false where it is still owed acknowledgements. */
  async function awaitRemoval(id: string): Promise<boolean> {
    for (let waited = 0; ; waited += REMOVAL_LOOK_MS) {
      if (await servers.finishRemoval(id, false)) return true;
      if (waited >= REMOVAL_WAIT_MS) return false;
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_LOOK_MS));
    }
  }

  return {
    /**
     * Adds a VPN server that is reached over SSH, and answers the script that makes a bare machine one. It takes
     * devices once it is activated with what the script printed.
     * @throws CVaultError `name_taken`, `invalid_request`
     */
    async add(input: AddServerInput): Promise<{ server: Server; installation: string }> {
      const id = newId();
      const key = deps.newControlKey();
      const { server, pools } = await servers.create({
        id,
        name: input.name,
        region: input.region,
        transport: 'ssh',
        endpointHost: input.endpointHost,
        endpointPort: input.endpointPort,
        endpointHost6: input.endpointHost6 ?? null,
        tunnelPrefix6: tunnelPrefix6Of(input),
        interfaceName: deps.interfaceName,
        ssh: { host: input.sshHost, port: input.sshPort, user: deps.sshUser, hostKeys: [] },
        netns: null,
        sealedSshKey: vault.seal(sshKeyCell(id), Buffer.from(key.privateKey.reveal())),
        poolCidr: input.poolCidr === undefined ? null : checkPoolCidr(input.poolCidr),
      });
      const installation = deps.installer.render({
        interfaceName: server.interfaceName,
        listenPort: server.endpointPort,
        tunnelAddresses: tunnelAddressesOf(server, pools),
        controlPublicKey: key.publicKey,
      });
      return { server, installation };
    },

    /**
     * Pins the host keys and the interface's key, connects, and lets devices come. Where it cannot be reached it
     * stays active: reconciling goes on until it can.
     * @throws CVaultError `not_found`, `state_conflict`, `public_key_taken`, `host_key_mismatch`, `server_unreachable`
     */
    async activate(
      id: string,
      input: { interfacePublicKey: string; hostKeys: readonly string[] },
    ): Promise<Server> {
      await get(id);
      let publicKey: Buffer;
      try {
        publicKey = parsePublicKey(input.interfacePublicKey);
      } catch (cause) {
        if (!(cause instanceof InvalidPublicKey)) throw cause;
        throw new CVaultError('invalid_public_key', `The public key ${cause.reason}.`, {
          cause,
          faults: [{ pointer: '/interfacePublicKey', message: cause.reason }],
        });
      }
      const server = await servers.activate(id, { publicKey, hostKeys: input.hostKeys });
      await fleet.probe(server);
      await fleet.refresh();
      return get(id);
    },

    list: () => servers.list(),

    get,

    /** @throws CVaultError `not_found`, `state_conflict`, `host_key_mismatch`, `server_unreachable` */
    async test(id: string): Promise<Probe> {
      const server = await get(id);
      if (server.publicKey === null) {
        throw new CVaultError('state_conflict', 'The VPN server is provisioning: activate it first.');
      }
      return fleet.probe(server);
    },

    /** No new devices; those that it has stay. */
    disable: (id: string): Promise<Server> => changeState(id, ['active'], 'disabled'),

    enable: (id: string): Promise<Server> => changeState(id, ['disabled'], 'active'),

    /**
     * Removes a VPN server. One with devices is refused unless they are to be removed too; then every peer is removed
     * from it first. Answers `removing` where it has not acknowledged all of them yet: it goes on by itself.
     * @throws CVaultError `not_found`, `in_use`
     */
    async remove(
      id: string,
      options: { removeDevices: boolean; force: boolean },
    ): Promise<'removed' | 'removing'> {
      const server = await get(id);
      if (server.deviceCount > 0 && !options.removeDevices) {
        throw new CVaultError(
          'in_use',
          `The VPN server has ${server.deviceCount} devices. Remove them first, or repeat with devices=remove.`,
        );
      }
      await servers.evict(id);
      fleet.wake([id]);
      const gone = (options.force && (await servers.finishRemoval(id, true))) || (await awaitRemoval(id));
      if (gone) await fleet.refresh();
      return gone ? 'removed' : 'removing';
    },

    /** Removes VPN servers that have acknowledged everything since; called again and again. */
    async finishRemovals(): Promise<void> {
      for (const id of await servers.removing()) {
        if (await servers.finishRemoval(id, false)) await fleet.refresh();
      }
    },

    async pools(serverId: string): Promise<Pool[]> {
      await get(serverId);
      return servers.pools(serverId);
    },

    /** @throws CVaultError `not_found`, `invalid_request`, `pool_overlap` */
    async addPool(serverId: string, cidr: string): Promise<Pool> {
      const canonical = checkPoolCidr(cidr);
      await get(serverId);
      return servers.addPool(serverId, canonical);
    },

    /** @throws CVaultError `not_found`, `in_use` */
    async removePool(serverId: string, poolId: string): Promise<void> {
      if (!(await servers.removePool(serverId, poolId))) throw notFound('pool');
    },
  };
}

export type ServerService = ReturnType<typeof createServerService>;
