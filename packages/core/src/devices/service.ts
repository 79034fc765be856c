import {
  encodeKey,
  generateKeyPair,
  InvalidPublicKey,
  parsePublicKey,
  renderDeviceConfig,
} from '@cvault/wireguard';
import { CVaultError, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Cell, Vault } from '../keys/vault.ts';
import {
  type Device,
  type DeviceStatus,
  type Placement,
  statusOf,
  tunnelAddressesOfDevice,
} from './device.ts';
import type { DeviceStore, Owner, PeerPush } from './ports.ts';

export interface RegisterInput {
  readonly name: string;
  /** The device's own key, as text. Absent: a key pair is made here. */
  readonly publicKey?: string | undefined;
  /** Absent: any region. */
  readonly region?: string | undefined;
  /** Instead of a region: this VPN server and no other. */
  readonly serverId?: string | undefined;
}

export interface RegisteredDevice {
  readonly device: Device;
  /** `active` only after the VPN server's own word. */
  readonly status: DeviceStatus;
  /** The complete WireGuard configuration. */
  readonly config: string;
}

/** Seconds between keepalives: below the 30 s that home routers commonly keep a UDP mapping for. */
const KEEPALIVE_SECONDS = 25;

export function privateKeyCell(tenantId: string, deviceId: string): Cell {
  return { owner: tenantId, row: deviceId, column: 'devices.private_key' };
}

function readPublicKey(text: string): Buffer {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    if (!(cause instanceof InvalidPublicKey)) throw cause;
    throw new CVaultError('invalid_public_key', `The public key ${cause.reason}.`, {
      cause,
      faults: [{ pointer: '/publicKey', message: cause.reason }],
    });
  }
}

/** Over which protocol a device reaches its VPN server. */
export type EndpointFamily = 'ipv4' | 'ipv6';

/**
 * The first address is of either family, the second of IPv6.
 * @throws CVaultError `invalid_request`
 */
function endpointOf({ endpointHost, endpointHost6 }: Placement, family?: EndpointFamily): string {
  if (family === undefined) return endpointHost;
  const isWanted = (host: string | null) => host !== null && host.includes(':') === (family === 'ipv6');
  const host = [endpointHost, endpointHost6].find(isWanted);
  if (typeof host === 'string') return host;
  throw new CVaultError('invalid_request', 'The VPN server has no such endpoint.', {
    faults: [{ pointer: '/endpoint', message: `the device’s VPN server is not reached over this protocol` }],
  });
}

export interface DeviceServiceDeps {
  readonly devices: DeviceStore;
  readonly peers: PeerPush;
  readonly vault: Vault;
}

/** What an end user does with their devices. */
export function createDeviceService({ devices, peers, vault }: DeviceServiceDeps) {
  function configOf(device: Device, endpoint?: EndpointFamily): string {
    const privateKey =
      device.sealedPrivateKey === null
        ? undefined
        : vault.open(privateKeyCell(device.tenantId, device.id), device.sealedPrivateKey).reveal();
    const addresses = tunnelAddressesOfDevice(device);
    return renderDeviceConfig({
      interface: { publicKey: device.publicKey, privateKey, addresses, dns: device.dns },
      peer: {
        publicKey: device.placement.serverPublicKey,
        endpoint: { host: endpointOf(device.placement, endpoint), port: device.placement.endpointPort },
        // A `::/0` without an address of its own would black-hole the device's IPv6.
        allowedIps: device.assignedIp6 === null ? ['0.0.0.0/0'] : ['0.0.0.0/0', '::/0'],
        persistentKeepalive: KEEPALIVE_SECONDS,
      },
    });
  }

  async function get(owner: Owner, id: string): Promise<Device> {
    const device = await devices.find(owner, id);
    if (device === null) throw notFound('device');
    return device;
  }

  return {
    /**
     * Commits the device, hands it to its VPN server, and waits for the acknowledgement until the deadline.
     * @throws CVaultError as `DeviceStore.register` does; `invalid_public_key`; `server_full`, `peer_refused`
     */
    async register(owner: Owner, input: RegisterInput): Promise<RegisteredDevice> {
      const id = newId();
      const { publicKey, privateKey } =
        input.publicKey === undefined
          ? generateKeyPair()
          : { publicKey: readPublicKey(input.publicKey), privateKey: undefined };
      const device = await devices.register({
        id,
        tenantId: owner.tenantId,
        userId: owner.userId,
        name: input.name,
        region: input.region ?? null,
        serverId: input.serverId ?? null,
        publicKey,
        sealedPrivateKey:
          privateKey === undefined ? null : vault.seal(privateKeyCell(owner.tenantId, id), privateKey),
      });
      const result = await peers.push(device);
      if (result.outcome === 'refused') {
        await devices.delete(owner, device.id);
        peers.wake([device.placement.serverId]);
        throw new CVaultError(
          result.reason === 'full' ? 'server_full' : 'peer_refused',
          result.reason === 'full'
            ? 'The VPN server holds as many peers as it can. Nothing was kept.'
            : 'The VPN server refused this peer. Nothing was kept.',
          { cause: new Error(`${result.reason}: ${result.detail} (key ${encodeKey(device.publicKey)})`) },
        );
      }
      return {
        device,
        status: result.outcome === 'applied' ? 'active' : 'pending',
        config: configOf(device),
      };
    },

    list: (owner: Owner): Promise<Device[]> => devices.list(owner),

    get,

    /**
     * @param endpoint absent: IPv4 where the VPN server has it
     * @throws CVaultError `not_found`; `invalid_request` where it has no address of this family
     */
    async config(owner: Owner, id: string, endpoint?: EndpointFamily): Promise<string> {
      return configOf(await get(owner, id), endpoint);
    },

    /** @throws CVaultError `not_found` */
    async rename(owner: Owner, id: string, name: string): Promise<Device> {
      const device = await devices.rename(owner, id, name);
      if (device === null) throw notFound('device');
      return device;
    },

    /**
     * Moves a device to another VPN server. The new one carries it when `active` is answered; the old one is told at the
     * same time, and where it cannot be reached, its address stays out of use until it has acknowledged.
     * @throws CVaultError `not_found`; as `DeviceStore.move` does; `server_full`, `peer_refused`
     */
    async move(
      owner: Owner,
      id: string,
      wish: { readonly region?: string | undefined; readonly serverId?: string | undefined },
    ): Promise<RegisteredDevice> {
      const moved = await devices.move(owner, id, {
        region: wish.region ?? null,
        serverId: wish.serverId ?? null,
      });
      if (moved === null) throw notFound('device');
      const { device, leftServerId } = moved;
      if (leftServerId !== null) peers.wake([leftServerId]);
      const result = await peers.push(device);
      if (result.outcome === 'refused') {
        throw new CVaultError(
          result.reason === 'full' ? 'server_full' : 'peer_refused',
          'The VPN server refused this peer, so the device has failed. Delete it and register it again.',
          { cause: new Error(`${result.reason}: ${result.detail} (key ${encodeKey(device.publicKey)})`) },
        );
      }
      const carried = result.outcome === 'applied';
      return {
        device,
        status: device.state === 'live' ? (carried ? 'active' : 'pending') : statusOf(device),
        config: configOf(device),
      };
    },

    /**
     * Answers whether the VPN server has acknowledged the removal; where it has not, it is done once it is back.
     * @throws CVaultError `not_found`
     */
    async remove(owner: Owner, id: string): Promise<'removed' | 'removing'> {
      const device = await devices.delete(owner, id);
      if (device === null) throw notFound('device');
      const result = await peers.push(device);
      return result.outcome === 'applied' ? 'removed' : 'removing';
    },

    statusOf,
  };
}

export type DeviceService = ReturnType<typeof createDeviceService>;
