import { WAIT_ACTIVE_SECONDS } from './convergence.ts';
import { type Device, type DeviceStatus, reasonOf, statusOf } from './device.ts';
import { changedFieldSchemas, fieldAnswers, toldFields } from './fields.ts';
import type { ConfiguredDevice } from './service.ts';
import { encodeKey } from '@cvault/wireguard';
import { z } from 'zod';
import { Id } from '../platform/http/schemas/ids.ts';

/** Where a device is to be: in a region, on one VPN server, or anywhere. */
const WISH = {
  region: z.string().min(1).max(50).optional().describe('Where the VPN server is to be. Absent: anywhere.'),
  serverId: Id.optional().describe('Instead of a region: the VPN server, from the list of locations.'),
};

function atMostOne({ region, serverId }: { region?: unknown; serverId?: unknown }): boolean {
  return region === undefined || serverId === undefined;
}
const AT_MOST_ONE = { error: 'cannot be named together with a region', path: ['serverId'] };

const { deviceName, ...others } = changedFieldSchemas;

export const WaitQuery = z.strictObject({
  wait: z
    .literal('active')
    .optional()
    .describe(
      `Answer when the VPN server has acknowledged the change, or after ${WAIT_ACTIVE_SECONDS} s. Absent: after 2 s at most.`,
    ),
});

export const RegisterDevice = z
  .strictObject({
    deviceName: deviceName.unwrap(),
    publicKey: z
      .string()
      .max(100)
      .optional()
      .describe(
        'The device’s own WireGuard public key, canonical base64. Preferred: the private key then never leaves the device. ' +
          'Absent: a key pair is made for it.',
      ),
    ...WISH,
    ...others,
  })
  .refine(atMostOne, AT_MOST_ONE)
  .meta({ id: 'RegisterDevice' });

export const MoveDevice = z
  .strictObject(WISH)
  .refine(atMostOne, AT_MOST_ONE)
  .meta({ id: 'MoveDevice', description: 'An empty object: to any other VPN server.' });

export const UpdateDevice = z
  .strictObject(changedFieldSchemas)
  .refine(
    (changes) => Object.values(changes).some((value) => value !== undefined),
    'must name at least one field to change',
  )
  .meta({ id: 'UpdateDevice' });

/** A day: who has not fetched the new configuration by then is not coming. */
const OVERLAP_SECONDS_MAX = 86_400;
/** An hour: the call itself may come through the tunnel whose key it changes, and its answer has to arrive. */
const OVERLAP_SECONDS = 3_600;

export const RotateDevice = z
  .strictObject({
    publicKey: z
      .string()
      .max(100)
      .optional()
      .describe('The device’s own new public key. Absent: a key pair is made for it.'),
    overlapSeconds: z
      .int()
      .min(0)
      .max(OVERLAP_SECONDS_MAX)
      .default(OVERLAP_SECONDS)
      .describe(
        'How long the old key goes on working while the new one has not been used: an hour where nothing is said. 0: it stops at ' +
          'once, and with it a tunnel that this call came through.',
      ),
  })
  .meta({ id: 'RotateDevice' });

const Status = z
  .enum(['pending', 'active', 'suspended', 'failed', 'removing'])
  .describe('`active`: the VPN server has acknowledged the device, and a handshake succeeds at once.');

const { deviceName: nameAnswer, ...otherAnswers } = fieldAnswers;

export const DeviceResource = z
  .object({
    id: z.uuid(),
    deviceName: nameAnswer,
    assignedIp: z.string(),
    assignedIp6: z.string().nullable().describe('Null where its VPN server has no IPv6 in the tunnel.'),
    publicKey: z.string(),
    status: Status,
    reason: z
      .string()
      .nullable()
      .describe(
        'Why it is not active: `conflict`, `invalid` or `full` where its VPN server refused it; its holds (`tenant`, `user`, ' +
          '`server`, `data`, `expired`, `key`, `device`), separated by commas; or `vpn_server_away`. Null where nothing is in the way.',
      ),
    failure: z.string().nullable().describe('Why it failed; null in every other status.'),
    desiredGeneration: z.int().describe('Raised by every change that the VPN server has to see.'),
    appliedGeneration: z.int().describe('The newest one that the VPN server has acknowledged; 0 for none.'),
    keyChangedAt: z.string(),
    keyExpiresAt: z
      .string()
      .nullable()
      .describe('From then on the device is held until its key is changed. Null: never.'),
    ...otherAnswers,
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
    ...toldFields(device.fields),
    assignedIp: device.assignedIp,
    assignedIp6: device.assignedIp6,
    publicKey: encodeKey(device.publicKey),
    status,
    reason: reasonOf(device, status),
    failure: device.failure,
    desiredGeneration: device.generation,
    appliedGeneration: device.appliedGeneration,
    keyChangedAt: device.keyChangedAt.toISOString(),
    keyExpiresAt: device.keyExpiresAt?.toISOString() ?? null,
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
export function configuredDeviceResource({
  device,
  status,
  config,
}: ConfiguredDevice): z.infer<typeof RegisteredDeviceResource> {
  const resource = deviceResource(device, status);
  const { publicIp: ip, endpointPort: port } = resource.server;
  return { ...resource, config, server: { ...resource.server, ip, port } };
}
