import { z } from 'zod';
import { Id } from '../platform/http/schemas/ids.ts';

const mode = z.enum(['live', 'test']);
const Moment = z.iso.datetime({ precision: 3 });
const userId = Id;
const ofDevice = {
  deviceId: Id,
  externalId: z.string().nullable(),
  userId,
  serverId: Id,
  mode,
  state: z.enum(['live', 'suspended', 'failed', 'deleted']),
  reasons: z.array(z.string()),
};
const ofUser = {
  userId,
  externalId: z.string().nullable(),
  mode,
  state: z.enum(['active', 'suspended', 'deleting']),
};
const ofSession = { sessionId: Id, deviceId: Id, userId, serverId: Id, mode, openedBy: z.string() };
const ofLimit = {
  userId: userId.nullable(),
  percent: z.int(),
  usedBytes: z.int(),
  limitBytes: z.int(),
  periodStartsAt: Moment,
};
const ofServer = { serverId: Id, name: z.string(), region: z.string(), mode };

interface WebhookEvent {
  /** When it is sent, for docs/webhook-events.md. */
  readonly when: string;
  /** The fields of its message: ids and states, and nothing that names a person. */
  readonly data: z.ZodObject;
}

/**
 * The closed set of events. Filters, validation, openapi.json and docs/webhook-events.md are built from this table. Functions in
 * prisma/functions/emit_*.sql write the events; tests compare their names and messages with it.
 */
export const WEBHOOK_EVENTS = {
  'device.created': { when: 'A device was registered.', data: z.strictObject(ofDevice) },
  'device.active': {
    when: 'A VPN server carries the device for the first time, which completes a 202.',
    data: z.strictObject(ofDevice),
  },
  'device.failed': {
    when: 'A VPN server refused the device for good; `reasons` says why.',
    data: z.strictObject(ofDevice),
  },
  'device.suspended': {
    when: 'The device was removed from its VPN server; `reasons` says why.',
    data: z.strictObject(ofDevice),
  },
  'device.resumed': { when: 'The last reason to hold the device has ended.', data: z.strictObject(ofDevice) },
  'device.moved': {
    when: 'The device was assigned to another VPN server; `previousServerId` is the old one.',
    data: z.strictObject({ ...ofDevice, previousServerId: Id }),
  },
  'device.rotated': { when: 'The device has new keys.', data: z.strictObject(ofDevice) },
  'device.key_expiring': {
    when: 'The device’s key ends in `daysLeft` days, at `keyExpiresAt`: sent 14 days and 3 days before. Without a new key the device is held then.',
    data: z.strictObject({ ...ofDevice, keyExpiresAt: Moment, daysLeft: z.int() }),
  },
  'device.deleted': { when: 'The device was deleted.', data: z.strictObject(ofDevice) },
  'session.opened': {
    when: 'A session was opened. Not sent in no-log mode.',
    data: z.strictObject(ofSession),
  },
  'session.closed': {
    when: 'A session was closed. Not sent in no-log mode.',
    data: z.strictObject({ ...ofSession, closedReason: z.string() }),
  },
  'user.created': { when: 'A user was created or signed up.', data: z.strictObject(ofUser) },
  'user.suspended': { when: 'A user was suspended.', data: z.strictObject(ofUser) },
  'user.resumed': { when: 'A user was resumed.', data: z.strictObject(ofUser) },
  'user.deleted': { when: 'A user was deleted or erased.', data: z.strictObject(ofUser) },
  'limit.data_warning': {
    when: '`percent` of a data limit is used. `userId` is null for the tenant’s limit.',
    data: z.strictObject(ofLimit),
  },
  'limit.data_reached': {
    when: 'A data limit is used up: `usedBytes` is within a packet of `limitBytes`. Once per limit and period.',
    data: z.strictObject(ofLimit),
  },
  'server.draining': {
    when: 'A VPN server with devices of yours accepts no new ones.',
    data: z.strictObject(ofServer),
  },
  'server.disabled': {
    when: 'A VPN server with devices of yours was taken out of service.',
    data: z.strictObject(ofServer),
  },
  'server.enabled': {
    when: 'A VPN server with devices of yours is in service again.',
    data: z.strictObject(ofServer),
  },
  'server.unreachable': {
    when: 'A VPN server with devices of yours has been silent for about two minutes. Tunnels keep working, changes wait.',
    data: z.strictObject(ofServer),
  },
  'server.recovered': {
    when: 'A VPN server with devices of yours responds again.',
    data: z.strictObject(ofServer),
  },
  'webhook_endpoint.disabled': {
    when: 'Another endpoint of yours was disabled, because it did not accept messages.',
    data: z.strictObject({ endpointId: Id, reason: z.enum(['gone', 'failing']) }),
  },
} as const satisfies Record<string, WebhookEvent>;

export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;

/** Sent on request only, whatever an endpoint’s filter. */
export const TEST_EVENT = 'webhook.test';
