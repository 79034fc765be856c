import { InvalidPublicKey, parsePublicKey } from '@cvault/wireguard';
import { CVaultError, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { SealedColumn, Vault } from '../platform/crypto/vault.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type { FleetControl, Installer, Probe, ServerChanges, ServerStore } from './ports.ts';
import { conditionOf, type ServerCondition } from './condition.ts';
import type { Evacuation } from './evacuation.ts';
import {
  type Pool,
  checkPoolCidr,
  checkTunnelPrefix6,
  gatewayOfPrefix6,
  newTunnelPrefix6,
  refuseOwnAddress,
} from '../pools/index.ts';
import type { Server } from './server.ts';
import { unknownRegion } from './unknown-region.ts';

/** How long a request waits for a removal before it answers that the removal continues in the background. */
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
  /** Absent: a random unique local prefix. Null: no IPv6 in the tunnel. */
  readonly tunnelPrefix6?: string | null | undefined;
}

export interface ServerServiceDeps {
  readonly servers: ServerStore;
  readonly fleet: FleetControl;
  readonly installer: Installer;
  readonly newControlKey: () => { readonly privateKey: Secret<string>; readonly publicKey: string };
  /** The public half of such a key. */
  readonly publicKeyOf: (privateKey: Secret<string>) => string;
  readonly vault: Vault;
  /** The account that the installation creates. */
  readonly sshUser: string;
  readonly interfaceName: string;
}

export function sshKeyColumn(serverId: string): SealedColumn {
  return { owner: 'platform', row: serverId, column: 'servers.ssh_private_key' };
}

function tunnelPrefix6Of({ tunnelPrefix6 }: AddServerInput): string | null {
  if (tunnelPrefix6 === undefined) return newTunnelPrefix6();
  return tunnelPrefix6 === null ? null : checkTunnelPrefix6(tunnelPrefix6);
}

/** The VPN server's own tunnel addresses, each with the length of the devices' network. */
export function tunnelAddressesOf(
  { tunnelPrefix6 }: Pick<Server, 'tunnelPrefix6'>,
  pools: readonly Pick<Pool, 'gateway' | 'cidr'>[],
): string[] {
  const own = pools.map((pool) => `${pool.gateway}/${pool.cidr.split('/')[1] ?? ''}`);
  return tunnelPrefix6 === null ? own : [...own, gatewayOfPrefix6(tunnelPrefix6)];
}

/** @throws CVaultError `invalid_public_key` */
function readInterfaceKey(text: string): Buffer {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    if (!(cause instanceof InvalidPublicKey)) throw cause;
    throw new CVaultError('invalid_public_key', `The public key ${cause.reason}.`, {
      cause,
      faults: [{ pointer: '/interfacePublicKey', message: cause.reason }],
    });
  }
}

/** @throws CVaultError `unknown_region` if no other VPN server of that region takes devices */
function refuseUnknownRegion(region: string, from: Server, fleet: readonly Server[]): void {
  const open = fleet.filter(
    ({ id, mode, state, weight }) => id !== from.id && mode === from.mode && state === 'active' && weight > 0,
  );
  const regions = [...new Set(open.map((server) => server.region))].sort();
  if (regions.includes(region)) return;
  throw unknownRegion(region, regions, 'another');
}

/** The operator's operations on VPN servers and their pools. */
export function createServerService(deps: ServerServiceDeps) {
  const { servers, fleet, vault } = deps;

  async function get(id: string): Promise<Server> {
    const server = await servers.find(id);
    if (server === null) throw notFound('VPN server');
    return server;
  }

  async function changeState(id: string, to: 'active' | 'draining' | 'disabled'): Promise<Server> {
    const server = await get(id);
    if (!(await servers.changeState(id, to))) {
      throw new CVaultError(
        'state_conflict',
        `The VPN server is ${server.state}, so it cannot become ${to}.`,
      );
    }
    fleet.wake([id]);
    return get(id);
  }

  const render = (server: Server, pools: readonly Pool[], controlPublicKey: string, replaceKey: boolean) =>
    deps.installer.render({
      serverId: server.id,
      publicKey: server.publicKey,
      replaceKey,
      interfaceName: server.interfaceName,
      listenPort: server.endpointPort,
      tunnelAddresses: tunnelAddressesOf(server, pools),
      controlPublicKey,
    });

  /** True when it is gone, false if acknowledgements are still missing. */
  async function awaitRemoval(id: string): Promise<boolean> {
    for (let waited = 0; ; waited += REMOVAL_LOOK_MS) {
      if (await servers.finishRemoval(id, false)) return true;
      if (waited >= REMOVAL_WAIT_MS) return false;
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_LOOK_MS));
    }
  }

  return {
    /**
     * Adds a VPN server that is reached over SSH. Returns the script that turns a bare machine into one. It takes
     * devices once it is activated with the script's output.
     * @throws CVaultError `name_taken`, `invalid_request`, `pool_overlap`
     */
    async add(input: AddServerInput): Promise<{ server: Server; installation: string }> {
      const id = newId();
      const poolCidr = input.poolCidr === undefined ? null : checkPoolCidr(input.poolCidr, '/poolCidr');
      if (poolCidr !== null) {
        refuseOwnAddress(poolCidr, { endpointHost: input.endpointHost, ssh: { host: input.sshHost } });
      }
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
        sealedSshKey: vault.seal(sshKeyColumn(id), Buffer.from(key.privateKey.reveal())),
        poolCidr,
      });
      return { server, installation: render(server, pools, key.publicKey, false) };
    },

    /**
     * The installation script of this VPN server again. It repairs and upgrades what differs and leaves the rest
     * alone.
     * @param replaceKey whether it may make a new key if the interface's own is lost
     * @throws CVaultError `not_found`; `state_conflict` if it is not reached over SSH, or is being removed
     */
    async installation(id: string, replaceKey: boolean): Promise<string> {
      const server = await get(id);
      const sealed = await servers.sealedSshKey(id);
      if (sealed === null) {
        throw new CVaultError(
          'state_conflict',
          'The VPN server is not reached over SSH: nothing is installed.',
        );
      }
      if (server.state === 'removing') {
        throw new CVaultError('state_conflict', 'The VPN server is being removed.');
      }
      const privateKey = vault.open(sshKeyColumn(id), sealed).map((bytes) => bytes.toString());
      return render(server, await servers.pools(id), deps.publicKeyOf(privateKey), replaceKey);
    },

    /**
     * Connects with the host keys and the interface's key that the installation printed, and pins them once the
     * agent has answered. A provisioning VPN server then takes devices; any other keeps its state. A failure
     * changes nothing.
     * @throws CVaultError `not_found`, `state_conflict`, `public_key_taken`, `host_key_mismatch`,
     * `server_unreachable`
     */
    async activate(
      id: string,
      input: { interfacePublicKey: string; hostKeys: readonly string[]; replaceKey: boolean },
    ): Promise<Server> {
      const server = await get(id);
      const { hostKeys, replaceKey } = input;
      const publicKey = readInterfaceKey(input.interfacePublicKey);
      // With these keys only: anybody else who answers there learns nothing.
      await fleet.probe({ ...server, publicKey, ssh: server.ssh && { ...server.ssh, hostKeys } });
      await servers.activate(id, { publicKey, hostKeys, replaceKey });
      await fleet.refresh();
      return get(id);
    },

    list: () => servers.list(),

    /** Whether it can do its job, as far as this replica knows. */
    conditionOf: (server: Server): ServerCondition => conditionOf(server, fleet.linkTo(server.id)),

    /** The agent's version that an installation, a repair or an upgrade installs. */
    latestAgentVersion: deps.installer.agentVersion,

    get,

    /** @throws CVaultError `not_found`, `state_conflict`, `host_key_mismatch`, `server_unreachable` */
    async test(id: string): Promise<Probe> {
      const server = await get(id);
      if (server.publicKey === null) {
        throw new CVaultError('state_conflict', 'The VPN server is provisioning: activate it first.');
      }
      return fleet.probe(server);
    },

    /**
     * No new devices; its devices stay.
     * @throws CVaultError `not_found`, `state_conflict`
     */
    drain: (id: string): Promise<Server> => changeState(id, 'draining'),

    /**
     * Removes every peer from it and accepts none until it is enabled: its devices are suspended.
     * @throws CVaultError `not_found`, `state_conflict`
     */
    disable: (id: string): Promise<Server> => changeState(id, 'disabled'),

    /**
     * Back into service, with its devices.
     * @throws CVaultError `not_found`, `state_conflict`
     */
    enable: (id: string): Promise<Server> => changeState(id, 'active'),

    /**
     * Drains it and begins to move its devices to other VPN servers. The evacuation reports those that cannot move,
     * and a later call tries again.
     * @param region the destination; absent: its own
     * @throws CVaultError `not_found`, `state_conflict`, `unknown_region`
     */
    async evacuate(id: string, region?: string): Promise<Evacuation> {
      const server = await get(id);
      if (region !== undefined) refuseUnknownRegion(region, server, await servers.list());
      if (!(await servers.beginEvacuation(id, region ?? null))) {
        throw new CVaultError(
          'state_conflict',
          `The VPN server is ${server.state}, so it cannot be evacuated.`,
        );
      }
      return (await servers.evacuation(id))!;
    },

    /** @throws CVaultError `not_found`, also if it was never evacuated */
    async evacuation(id: string): Promise<Evacuation> {
      await get(id);
      const evacuation = await servers.evacuation(id);
      if (evacuation === null) throw notFound('evacuation of the VPN server');
      return evacuation;
    },

    /** @throws CVaultError `not_found`, `name_taken`; `pool_overlap` if one of its pools contains the endpoint */
    async update(id: string, changes: ServerChanges): Promise<Server> {
      const server = await get(id);
      if (changes.endpointHost !== undefined) {
        for (const { cidr } of await servers.pools(id)) {
          refuseOwnAddress(cidr, { endpointHost: changes.endpointHost, ssh: server.ssh });
        }
      }
      await servers.update(id, changes);
      return get(id);
    },

    /**
     * Removes a VPN server. One with devices is refused unless they are to be removed too; every peer is then
     * removed from it first. Returns `removing` if acknowledgements are missing: it continues in the background.
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

    async pools(serverId: string): Promise<Pool[]> {
      await get(serverId);
      return servers.pools(serverId);
    },

    /**
     * Usable at once: the VPN server is configured before its first device.
     * @throws CVaultError `not_found`, `invalid_request`, `pool_overlap`, `state_conflict`
     */
    async addPool(serverId: string, cidr: string): Promise<Pool> {
      const canonical = checkPoolCidr(cidr);
      refuseOwnAddress(canonical, await get(serverId));
      return servers.addPool(serverId, canonical);
    },

    /**
     * Enlarges a pool in use.
     * @throws CVaultError `not_found`, `invalid_request`, `pool_overlap`
     */
    async growPool(serverId: string, poolId: string, cidr: string): Promise<Pool> {
      const canonical = checkPoolCidr(cidr);
      refuseOwnAddress(canonical, await get(serverId));
      return servers.growPool(serverId, poolId, canonical);
    },

    /** @throws CVaultError `not_found`, `in_use` */
    async removePool(serverId: string, poolId: string): Promise<void> {
      if (!(await servers.removePool(serverId, poolId))) throw notFound('pool');
    },
  };
}

export type ServerService = ReturnType<typeof createServerService>;
