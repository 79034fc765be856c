import { type Device, type DeviceStatus, statusOf } from './device.ts';
import type { DeviceStore, Owner, PeerPush, PushResult } from './ports.ts';

/**
 * `ack`: for the usual acknowledgement deadline. `active`: until the device is active, at most WAIT_ACTIVE_SECONDS.
 */
export type Wait = 'ack' | 'active';

export const WAIT_ACTIVE_SECONDS = 30;
const LOOK_MS = 200;

export type Converged =
  | { readonly outcome: 'told'; readonly device: Device; readonly status: DeviceStatus }
  | Extract<PushResult, { outcome: 'refused' }>;

export interface ConvergenceDeps {
  readonly devices: Pick<DeviceStore, 'find'>;
  readonly peers: Pick<PeerPush, 'push'>;
  /** Aborted when the process shuts down. No caller then waits beyond the first deadline. */
  readonly stopping: AbortSignal;
}

/**
 * Pushes a committed change of a device to its VPN server and waits for the acknowledgement. A late one does not
 * undo the commit. Any replica may receive it, so after the first deadline this polls the database.
 */
export function createConvergence({ devices, peers, stopping }: ConvergenceDeps) {
  return async function converge(owner: Owner, device: Device, wait: Wait): Promise<Converged> {
    const began = Date.now();
    const result = await peers.push(device);
    if (result.outcome === 'refused') return result;
    if (device.state !== 'live') return { outcome: 'told', device, status: statusOf(device) };
    if (result.outcome === 'applied') return { outcome: 'told', device: applied(device), status: 'active' };
    let newest = device;
    const isPatient = () => !stopping.aborted && Date.now() - began < WAIT_ACTIVE_SECONDS * 1_000;
    while (wait === 'active' && isPatient()) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const found = await devices.find(owner, device.id);
      if (found === null) break;
      newest = found;
      if (statusOf(newest) !== 'pending') break;
    }
    return { outcome: 'told', device: newest, status: statusOf(newest) };
  };
}

/** The device as the database has it just after the acknowledgement. */
function applied(device: Device): Device {
  return { ...device, appliedGeneration: device.generation, appliedEpoch: device.placement.serverEpoch };
}

export type Converge = ReturnType<typeof createConvergence>;
