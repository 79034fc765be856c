import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { notFound } from '../platform/errors.ts';
import type { Metadata } from '../users/index.ts';
import type { Device, DeviceStatus } from './device.ts';
import type { TenantDeviceFieldChanges } from './fields.ts';
import type { DeviceStore, PeerPush } from './ports.ts';

/** A device as the tenant's backend sees it. */
export interface TenantDevice {
  readonly device: Device;
  /** The tenant's own name for it; null for none. */
  readonly externalId: string | null;
  readonly metadata: Metadata;
}

export interface DeviceFilter {
  readonly userId?: string | undefined;
  readonly status?: Exclude<DeviceStatus, 'removing'> | undefined;
  readonly serverId?: string | undefined;
  readonly region?: string | undefined;
  readonly externalId?: string | undefined;
}

export interface TenantDeviceChanges extends TenantDeviceFieldChanges {
  /** Null: none any more. */
  readonly externalId?: string | null | undefined;
  /** In place of all that there was. */
  readonly metadata?: Metadata | undefined;
}

/** A tenant's devices. What belongs to another tenant, or to keys of the other mode, is not there; nor is what is deleted. */
export interface TenantDevicesStore {
  /** Oldest first, those after `afterId`. */
  list(
    scope: TenantScope,
    filter: DeviceFilter,
    page: { readonly limit: number; readonly afterId?: string | undefined },
  ): Promise<TenantDevice[]>;
  find(scope: TenantScope, id: string): Promise<TenantDevice | null>;
  /** @throws CVaultError `external_id_taken` */
  update(scope: TenantScope, id: string, changes: TenantDeviceChanges): Promise<TenantDevice | null>;
  /** Holds the device, or ends that; answers the VPN servers that have to hear of it, null where there is no such device. */
  hold(scope: TenantScope, id: string, held: boolean): Promise<readonly string[] | null>;
}

export interface DevicePage {
  readonly devices: readonly TenantDevice[];
  /** The last device of the page; null where none comes after it. */
  readonly lastId: string | null;
}

export interface TenantDevicesDeps {
  readonly directory: TenantDevicesStore;
  readonly devices: Pick<DeviceStore, 'delete'>;
  readonly peers: PeerPush;
}

/** The calls of a tenant's backend on the devices of its users. */
export function createTenantDevices({ directory, devices, peers }: TenantDevicesDeps) {
  async function get(scope: TenantScope, id: string): Promise<TenantDevice> {
    const device = await directory.find(scope, id);
    if (device === null) throw notFound('device');
    return device;
  }

  async function hold(scope: TenantScope, id: string, held: boolean): Promise<TenantDevice> {
    const serverIds = await directory.hold(scope, id, held);
    if (serverIds === null) throw notFound('device');
    peers.wake(serverIds);
    return get(scope, id);
  }

  return {
    async list(
      scope: TenantScope,
      filter: DeviceFilter,
      limit: number,
      afterId?: string,
    ): Promise<DevicePage> {
      // One more than asked for tells whether another page comes.
      const found = await directory.list(scope, filter, { limit: limit + 1, afterId });
      const page = found.slice(0, limit);
      return { devices: page, lastId: found.length > limit ? (page.at(-1)?.device.id ?? null) : null };
    },

    /** @throws CVaultError `not_found` */
    get,

    /** @throws CVaultError `not_found`, `external_id_taken` */
    async update(scope: TenantScope, id: string, changes: TenantDeviceChanges): Promise<TenantDevice> {
      const device = await directory.update(scope, id, changes);
      if (device === null) throw notFound('device');
      return device;
    },

    /** Takes it off its VPN server; it keeps all that is its own. @throws CVaultError `not_found` */
    suspend: (scope: TenantScope, id: string): Promise<TenantDevice> => hold(scope, id, true),

    /** Ends that; whatever else holds it goes on. @throws CVaultError `not_found` */
    resume: (scope: TenantScope, id: string): Promise<TenantDevice> => hold(scope, id, false),

    /**
     * Answers whether the VPN server has acknowledged the removal; where it has not, it is done once it is back.
     * @throws CVaultError `not_found`
     */
    async remove(scope: TenantScope, id: string): Promise<'removed' | 'removing'> {
      const { device } = await get(scope, id);
      const deleted = await devices.delete({ tenantId: device.tenantId, userId: device.userId }, id);
      if (deleted === null) throw notFound('device');
      return (await peers.push(deleted)).outcome === 'applied' ? 'removed' : 'removing';
    },
  };
}

export type TenantDevices = ReturnType<typeof createTenantDevices>;
