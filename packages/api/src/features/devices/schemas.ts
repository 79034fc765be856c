import { type Device, type DeviceStatus, statusOf } from '@cvault/core';
import { encodeKey } from '@cvault/wireguard';
import { z } from 'zod';
import { Name } from '../../http/schemas/name.ts';

/** Where a device is to be: in a region, on one VPN server, or anywhere. */
const WISH = {
  region: z.string().min(1).max(50).optional().describe('Where the VPN server is to be. Absent: anywhere.'),
  serverId: z.uuid().optional().describe('Instead of a region: the VPN server, from the list of locations.'),
};

function atMostOne({ region, serverId }: { region?: unknown; serverId?: unknown }): boolean {
  return region === undefined || serverId === undefined;
}
const AT_MOST_ONE = { error: 'cannot be named together with a region', path: ['serverId'] };

export const RegisterDevice = z
  .strictObject({
    deviceName: Name,
    publicKey: z
      .string()
      .max(100)
      .optional()
      .describe(
        'The device’s own WireGuard public key, canonical base64. Preferred: the private key then never leaves the device. ' +
          'Absent: a key pair is made for it.',
      ),
    ...WISH,
  })
  .refine(atMostOne, AT_MOST_ONE)
  .meta({ id: 'RegisterDevice' });

export const MoveDevice = z
  .strictObject(WISH)
  .refine(atMostOne, AT_MOST_ONE)
  .meta({ id: 'MoveDevice', description: 'An empty object: to any other VPN server.' });

export const RenameDevice = z.strictObject({ deviceName: Name }).meta({ id: 'RenameDevice' });

const Status = z
  .enum(['pending', 'active', 'suspended', 'failed', 'removing'])
  .describe('`active`: the VPN server has acknowledged the device, and a handshake succeeds at once.');

export const DeviceResource = z
  .object({
    id: z.uuid(),
    deviceName: z.string(),
    assignedIp: z.string(),
    assignedIp6: z.string().nullable().describe('Null where its VPN server has no IPv6 in the tunnel.'),
    publicKey: z.string(),
    status: Status,
    failure: z.string().nullable().describe('Why it failed; null in every other status.'),
    lastConnectedAt: z.string().nullable(),
    createdAt: z.string(),
    server: z.object({
      id: z.uuid(),
      name: z.string(),
      region: z.string(),
      publicIp: z.string(),
      endpointPort: z.int(),
    }),
  })
  .meta({ id: 'Device' });

export const RegisteredDeviceResource = DeviceResource.extend({
  config: z.string().describe('A complete WireGuard configuration, as `wg-quick` takes it.'),
  server: DeviceResource.shape.server.extend({ ip: z.string(), port: z.int() }),
}).meta({ id: 'RegisteredDevice' });

export const DeviceList = z
  .object({ devices: z.array(DeviceResource), totalCount: z.int() })
  .meta({ id: 'DeviceList' });

export function deviceResource(
  device: Device,
  status: DeviceStatus = statusOf(device),
): z.infer<typeof DeviceResource> {
  const { placement } = device;
  return {
    id: device.id,
    deviceName: device.name,
    assignedIp: device.assignedIp,
    assignedIp6: device.assignedIp6,
    publicKey: encodeKey(device.publicKey),
    status,
    failure: device.failure,
    lastConnectedAt: device.lastConnectedAt?.toISOString() ?? null,
    createdAt: device.createdAt.toISOString(),
    server: {
      id: placement.serverId,
      name: placement.serverName,
      region: placement.region,
      publicIp: placement.endpointHost,
      endpointPort: placement.endpointPort,
    },
  };
}

/** With its configuration, and the VPN server's address by the names that the first version had for it too. */
export function registeredDeviceResource(
  device: Device,
  status: DeviceStatus,
  config: string,
): z.infer<typeof RegisteredDeviceResource> {
  const resource = deviceResource(device, status);
  const { publicIp, endpointPort } = resource.server;
  return { ...resource, config, server: { ...resource.server, ip: publicIp, port: endpointPort } };
}
