import type { Session } from './session.ts';
import { z } from 'zod';
import { Id } from '../platform/http/schemas/ids.ts';

export const DeviceRef = z.strictObject({ deviceId: Id }).meta({ id: 'DeviceRef' });

export const Connected = z
  .object({
    sessionId: z.uuid(),
    status: z.literal('connected'),
    connectedAt: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Connected' });

export const Disconnected = z
  .object({
    sessionId: z.uuid(),
    status: z.literal('disconnected'),
    disconnectedAt: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Disconnected' });

export const SessionResource = z
  .object({
    id: z.uuid(),
    status: z.literal('ACTIVE'),
    connectedAt: z.string(),
    device: z.object({ id: z.uuid(), deviceName: z.string(), assignedIp: z.string() }),
    server: z.object({ publicIp: z.string(), endpointPort: z.int(), region: z.string() }),
  })
  .meta({ id: 'Session' });

export const VpnStatus = z
  .object({ sessions: z.array(SessionResource), connectedDevices: z.int() })
  .meta({ id: 'VpnStatus' });

export function sessionResource({
  id,
  connectedAt,
  device,
  server,
}: Session): z.infer<typeof SessionResource> {
  return {
    id,
    status: 'ACTIVE',
    connectedAt: connectedAt.toISOString(),
    device: { id: device.id, deviceName: device.name, assignedIp: device.assignedIp },
    server: { publicIp: server.endpointHost, endpointPort: server.endpointPort, region: server.region },
  };
}
