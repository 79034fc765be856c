/**
 * The closed set of events and their occasions. Documents, filters and validation are built from it; functions in
 * prisma/functions write the events.
 */
export const WEBHOOK_EVENTS = {
  'device.created': 'A device was registered.',
  'device.active': 'A VPN server carries the device for the first time.',
  'device.failed': 'A VPN server refused the device for good.',
  'device.suspended': 'The device was taken off its VPN server; `reasons` says why.',
  'device.resumed': 'The last reason to hold the device is gone.',
  'device.moved': 'The device is to be on another VPN server.',
  'device.rotated': 'The device has other keys.',
  'device.key_expiring':
    'The device’s key ends soon: 14 days before, and 3. Change it, or the device is held at `keyExpiresAt`.',
  'device.deleted': 'The device was deleted.',
  'session.opened': 'A session was opened. Not sent in no-log mode.',
  'session.closed': 'A session was closed. Not sent in no-log mode.',
  'user.created': 'A user was made or signed up.',
  'user.suspended': 'A user was suspended.',
  'user.resumed': 'A user was resumed.',
  'user.deleted': 'A user was deleted.',
  'limit.data_warning': 'A share of a data limit is used; without `userId` it is the tenant’s.',
  'limit.data_reached': 'A data limit is used up; without `userId` it is the tenant’s.',
  'server.draining': 'A VPN server with devices of yours takes no new ones.',
  'server.disabled': 'A VPN server with devices of yours was taken out of service.',
  'server.enabled': 'A VPN server with devices of yours is in service again.',
  'server.unreachable':
    'Nothing is heard of a VPN server with devices of yours. Their tunnels go on, changes wait.',
  'server.recovered': 'A VPN server with devices of yours is heard again.',
  'webhook_endpoint.disabled':
    'Another endpoint of yours was disabled because it does not take what it is sent.',
} as const;

export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;

/** Sent on request only, whatever an endpoint’s filter. */
export const TEST_EVENT = 'webhook.test';
