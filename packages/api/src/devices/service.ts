import { encodeKey } from '@cvault/wireguard';
import { CVaultError, invalidField, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import { configOf, type ConfigWish, tunnelNameOf } from './config.ts';
import { type Converge, type Converged, createConvergence, type Wait } from './convergence.ts';
import { type Device, type DeviceStatus, statusOf } from './device.ts';
import { newKeys } from './keys.ts';
import { type DeviceChanges, type DeviceFields, newFields } from './fields.ts';
import type { DeviceStore, Owner, PeerPush } from './ports.ts';

export interface RegisterInput extends DeviceChanges {
  readonly deviceName: DeviceFields['deviceName'];
  /** The device's own key, as text. Absent: a key pair is made here. */
  readonly publicKey?: string | undefined;
  /** Absent: any region. */
  readonly region?: string | undefined;
  /** Instead of a region: only this VPN server. */
  readonly serverId?: string | undefined;
}

export interface RotateInput {
  /** The device's own new key, as text. Absent: a key pair is made here. */
  readonly publicKey?: string | undefined;
  /** How long the old key keeps working while the new one is unused, 0 to 86,400 seconds. */
  readonly overlapSeconds: number;
}

/** The id of the new device, and whether an earlier try with it may have made the device already. */
export interface RegisterAttempt {
  readonly id: string;
  readonly again: boolean;
}

/** A device, and the progress of its VPN server. */
export interface ToldDevice {
  readonly device: Device;
  /** `active` only after the VPN server's acknowledgement. */
  readonly status: DeviceStatus;
}

export interface ConfiguredDevice extends ToldDevice {
  /** The complete WireGuard configuration. */
  readonly config: string;
}

export interface DeviceServiceDeps {
  readonly devices: DeviceStore;
  readonly peers: PeerPush;
  readonly vault: Vault;
  /** Aborted when the process shuts down; see `createConvergence`. */
  readonly stopping: AbortSignal;
}

function refusedPeer(
  { reason, detail }: Extract<Converged, { outcome: 'refused' }>,
  device: Device,
  consequence: string,
): CVaultError {
  const cause = new Error(`${reason}: ${detail} (key ${encodeKey(device.publicKey)})`);
  return reason === 'full'
    ? new CVaultError('server_full', `The VPN server holds as many peers as it can. ${consequence}`, {
        cause,
      })
    : new CVaultError('peer_refused', `The VPN server refused this peer. ${consequence}`, { cause });
}

const FAILED = 'The device has failed; a move brings it back.';

/** Every further attempt follows a concurrent change. */
const TELL_ATTEMPTS = 3;

function checkExpiry(expiresAt: Date | null | undefined): void {
  if (expiresAt === null || expiresAt === undefined || expiresAt.getTime() > Date.now()) return;
  throw invalidField('/expiresAt', 'must be in the future; delete the device to end it now');
}

export interface ConfigRequest extends ConfigWish {
  readonly wholeOnly?: boolean;
  readonly previewOnly?: boolean;
}

/** An end user's operations on their devices. */
export function createDeviceService({ devices, peers, vault, stopping }: DeviceServiceDeps) {
  const converge: Converge = createConvergence({ devices, peers, stopping });

  async function get(owner: Owner, id: string): Promise<Device> {
    const device = await devices.find(owner, id);
    if (device === null) throw notFound('device');
    return device;
  }

  const keyGone = () =>
    new CVaultError('private_key_gone', 'The private key was told once and is forgotten.');

  /**
   * The configuration of a device. If its tenant wants that, this sends the private key once and erases it. The key
   * is erased first, so two callers can never get it. A caller who loses the answer gives the device other keys.
   * @throws CVaultError `private_key_gone`; `not_found`; as `configOf` does
   */
  async function tell(owner: Owner, known: Device, wish?: ConfigWish): Promise<string> {
    let device = known;
    for (let attempt = 1; attempt <= TELL_ATTEMPTS; attempt++) {
      if (device.privateKeyErased) throw keyGone();
      const config = configOf(vault, device, wish);
      const { sealedPrivateKey } = device;
      if (!device.privateKeyOnce || sealedPrivateKey === null) return config;
      if (await devices.erasePrivateKey(owner, device.id, sealedPrivateKey)) return config;
      // Another request was faster, or the key was sealed with another master key.
      device = await get(owner, device.id);
    }
    throw new CVaultError(
      'state_conflict',
      'The device was changed at the same time. Send the request again.',
    );
  }

  return {
    /**
     * Commits the device, pushes it to its VPN server, and waits for the acknowledgement.
     * @param attempt with the id of an earlier try that ended without an answer, finds the device that it made
     * @throws CVaultError as `DeviceStore.register` does; `invalid_public_key`; `server_full`, `peer_refused`
     */
    async register(
      owner: Owner,
      input: RegisterInput,
      wait: Wait = 'ack',
      { id, again }: RegisterAttempt = { id: newId(), again: false },
    ): Promise<ConfiguredDevice> {
      checkExpiry(input.expiresAt);
      const earlier = again ? await devices.find(owner, id) : null;
      const device =
        earlier ??
        (await devices.register({
          id,
          tenantId: owner.tenantId,
          userId: owner.userId,
          region: input.region ?? null,
          serverId: input.serverId ?? null,
          ...newFields(input),
          ...newKeys(vault, { tenantId: owner.tenantId, id }, input.publicKey),
        }));
      const result = await converge(owner, device, wait);
      if (result.outcome === 'refused') {
        await devices.delete(owner, device.id);
        peers.wake([device.placement.serverId]);
        throw refusedPeer(result, device, 'Nothing was kept.');
      }
      return { ...result, config: await tell(owner, device) };
    },

    list: (owner: Owner): Promise<Device[]> => devices.list(owner),

    get,

    /**
     * @param previewOnly for HEAD, which reads only the headers: it sends no private key, so none is erased
     * @param wholeOnly refuses a device that brought its own key: a scanned code is useless without the private key
     * @throws CVaultError `not_found`, `private_key_gone`, `private_key_elsewhere`; `invalid_request` as `configOf`
     */
    async config(
      owner: Owner,
      id: string,
      { wholeOnly = false, previewOnly = false, ...wish }: ConfigRequest = {},
    ): Promise<{ readonly text: string; readonly tunnelName: string }> {
      const device = await get(owner, id);
      if (wholeOnly && device.sealedPrivateKey === null && !device.privateKeyErased) {
        throw new CVaultError(
          'private_key_elsewhere',
          'The device made its own key, so its private key is nowhere but there. Ask for the text, and put the private key in.',
        );
      }
      if (previewOnly && device.privateKeyErased) throw keyGone();
      const text = previewOnly ? configOf(vault, device, wish) : await tell(owner, device, wish);
      return { text, tunnelName: tunnelNameOf(device) };
    },

    /** @throws CVaultError `not_found`; `invalid_request` for an expiry that is not in the future */
    async update(owner: Owner, id: string, changes: DeviceChanges, wait: Wait = 'ack'): Promise<ToldDevice> {
      checkExpiry(changes.expiresAt);
      const device = await devices.update(owner, id, changes);
      if (device === null) throw notFound('device');
      // Most changes are not on the VPN server: only an unacknowledged one has anything to wait for.
      if (statusOf(device) !== 'pending') return { device, status: statusOf(device) };
      const result = await converge(owner, device, wait);
      if (result.outcome === 'refused') throw refusedPeer(result, device, FAILED);
      return result;
    },

    /**
     * Replaces the device's keys. The old key stops at once, or with an overlap when the new one is first used.
     * @throws CVaultError as `DeviceStore.rotate` does; `not_found`, `invalid_public_key`; `server_full`,
     * `peer_refused`
     */
    async rotate(
      owner: Owner,
      id: string,
      input: RotateInput,
      wait: Wait = 'ack',
    ): Promise<ConfiguredDevice> {
      const keys = newKeys(vault, { tenantId: owner.tenantId, id }, input.publicKey);
      const device = await devices.rotate(owner, id, { ...keys, overlapSeconds: input.overlapSeconds });
      if (device === null) throw notFound('device');
      const result = await converge(owner, device, wait);
      if (result.outcome === 'refused') throw refusedPeer(result, device, FAILED);
      return { ...result, config: await tell(owner, result.device) };
    },

    /**
     * Moves a device to another VPN server. When the status is `active`, the new one has it. The old one is
     * notified at the same time; if it is unreachable, its address stays out of use until it has acknowledged.
     * @throws CVaultError `not_found`; as `DeviceStore.move` does; `server_full`, `peer_refused`
     */
    async move(
      owner: Owner,
      id: string,
      wish: { readonly region?: string | undefined; readonly serverId?: string | undefined },
      wait: Wait = 'ack',
    ): Promise<ConfiguredDevice> {
      const moved = await devices.move(owner, id, {
        region: wish.region ?? null,
        serverId: wish.serverId ?? null,
      });
      if (moved === null) throw notFound('device');
      const { device, leftServerId } = moved;
      if (leftServerId !== null) peers.wake([leftServerId]);
      const result = await converge(owner, device, wait);
      if (result.outcome === 'refused') throw refusedPeer(result, device, FAILED);
      // The client has its private key already; the rest of the configuration is new.
      const config = result.device.privateKeyErased
        ? configOf(vault, result.device)
        : await tell(owner, result.device);
      return { ...result, config };
    },

    /**
     * Returns whether the VPN server has acknowledged the removal. Otherwise the removal completes once it is back.
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
