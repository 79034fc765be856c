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
import { type Device, type DeviceStatus, statusOf } from './device.ts';
import type { DeviceStore, Owner, PeerPush } from './ports.ts';

export interface RegisterInput {
  readonly name: string;
  /** The device's own key, as text. Absent: a key pair is made here. */
  readonly publicKey?: string | undefined;
  /** Absent: any region. */
  readonly region?: string | undefined;
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

export interface DeviceServiceDeps {
  readonly devices: DeviceStore;
  readonly peers: PeerPush;
  readonly vault: Vault;
}

/** What an end user does with their devices. */
export function createDeviceService({ devices, peers, vault }: DeviceServiceDeps) {
  function configOf(device: Device): string {
    const privateKey =
      device.sealedPrivateKey === null
        ? undefined
        : vault.open(privateKeyCell(device.tenantId, device.id), device.sealedPrivateKey).reveal();
    const { serverPublicKey, endpointHost, endpointPort } = device.placement;
    return renderDeviceConfig({
      interface: { publicKey: device.publicKey, privateKey, addresses: [device.assignedIp], dns: device.dns },
      peer: {
        publicKey: serverPublicKey,
        endpoint: { host: endpointHost, port: endpointPort },
        // IPv4 only until VPN servers have IPv6 inside the tunnel: a `::/0` without an address would black-hole it.
        allowedIps: ['0.0.0.0/0'],
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

    async config(owner: Owner, id: string): Promise<string> {
      return configOf(await get(owner, id));
    },

    /** @throws CVaultError `not_found` */
    async rename(owner: Owner, id: string, name: string): Promise<Device> {
      const device = await devices.rename(owner, id, name);
      if (device === null) throw notFound('device');
      return device;
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
