import type { Tenant } from './tenant.ts';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { Resolvers, Routes, SearchDomains } from '../platform/http/schemas/addresses.ts';
import { Mtu, PersistentKeepalive } from '../platform/http/schemas/interface.ts';
import { Name } from '../platform/http/schemas/name.ts';
import { NextCursor } from '../platform/http/schemas/pages.ts';
import { Bytes, COUNT_MAX, CountLimit, Days, Speed } from '../platform/http/schemas/limits.ts';

const RATE_MAX = 1_000_000;
const WINDOW_SECONDS_MAX = 86_400;
/** As many as the database allows. */
const WARNINGS_MAX = 8;

const PerMinute = z.int().min(1).max(RATE_MAX);

const settings = {
  deviceLimit: z.int().min(0).max(COUNT_MAX).meta({ description: 'Most devices, of all users together' }),
  passwordLengthMin: z.int().min(8).max(256).meta({
    description: 'Fewest characters of a password. Below 12 only with a second factor of your own.',
  }),
  authRateLimit: z
    .int()
    .min(1)
    .max(RATE_MAX)
    .meta({ description: 'Requests to the authentication routes per client and window' }),
  authRateWindowSeconds: z.int().min(1).max(WINDOW_SECONDS_MAX),
  tenantRateLimit: PerMinute.describe('Requests in a minute, of all its keys and users together'),
  keyRateLimit: PerMinute.describe('Requests in a minute of each API key'),
  userRateLimit: PerMinute.describe('Requests in a minute of each user'),
  clientRateLimit: PerMinute.describe('Requests in a minute of each client address of its users'),
  dns: Resolvers.describe('Resolvers in the devices’ configurations'),
  searchDomains: SearchDomains.describe(
    'DNS names that devices search short names in. Linux and Android use them only beside a resolver.',
  ),
  mtu: Mtu.nullable().describe(
    'Most bytes of a packet in the tunnel, unless a device has its own. Null: the client works it out',
  ),
  persistentKeepalive: PersistentKeepalive.describe(
    'Seconds between packets that keep the way back open, unless a device has its own: 25 where nothing is said, below the 30 s after which home routers forget a flow. 0: off',
  ),
  routes: Routes.describe(
    'What devices send into the tunnel, in CIDR notation; empty: everything (full tunnel). Taken as they are: `0.0.0.0/0` without `::/0` leaves IPv6 outside the tunnel.',
  ),
  routeIpv6: z
    .boolean()
    .describe(
      'Full tunnels take IPv6 into the tunnel even where the VPN server has none. It ends there, so nothing leaks past the tunnel. False: on such a VPN server IPv6 stays outside the tunnel.',
    ),
  privateNetwork: z.boolean().describe('Its devices on one VPN server reach each other.'),
  sessionLimit: CountLimit.nullable().describe(
    'Most sessions open at once, of all users together. Null: any number',
  ),
  userDeviceLimit: z
    .int()
    .min(0)
    .max(COUNT_MAX)
    .nullable()
    .describe('Most devices of one user, unless set for the user. Null: any number'),
  userSessionLimit: CountLimit.nullable().describe(
    'Most sessions of one user open at once, unless set for the user. Null: any number',
  ),
  dataLimitBytes: Bytes.nullable().describe(
    'Most bytes in a period, up and down together, of all users together. Null: any amount',
  ),
  userDataLimitBytes: Bytes.nullable().describe('The same of one user, unless set for the user'),
  dataResetDay: z.int().min(1).max(28).describe('Day of the month on which a period begins, at 0:00 UTC'),
  dataWarnPercents: z
    .array(z.int().min(1).max(100))
    .max(WARNINGS_MAX)
    .refine((shares) => new Set(shares).size === shares.length, 'has a share twice')
    .describe('Shares of a data limit at which a warning goes out'),
  uploadBitsPerSecond: Speed.nullable().describe('Of each device, unless set for its user. Null: any speed'),
  downloadBitsPerSecond: Speed.nullable().describe(
    'Of each device, unless set for its user. Null: any speed',
  ),
  keyLifetimeDays: Days.nullable().describe(
    'A device with an older key is held until it has a new one: 180 days unless set otherwise. Null: any age',
  ),
  keyRotationDays: Days.nullable().describe(
    'Keys that were made here are changed when they are older; the old one goes on for a day. Null: never',
  ),
  privateKeysOnce: z
    .boolean()
    .describe('Private keys that were made here are told once and then forgotten, so never changed by us.'),
  noLog: z
    .boolean()
    .describe(
      'No-log mode: a session is forgotten when it is closed, and of usage only the totals of a period are kept. What was kept before goes within minutes.',
    ),
  sessionDays: z
    .int()
    .min(1)
    .max(3_650)
    .nullable()
    .describe('Days that closed sessions are kept. Null: as long as the platform keeps them'),
  usageDays: z
    .int()
    .min(62)
    .max(3_650)
    .nullable()
    .describe('Days that usage by the day is kept. Null: as long as the platform keeps it'),
  deliveryLogDays: z.int().min(4).max(365).describe('Days that webhook messages and their log are kept'),
};

export const CreateTenant = z.strictObject({ name: Name, ...z.object(settings).partial().shape }).meta({
  id: 'CreateTenant',
});

export const UpdateTenant = z
  .strictObject({ name: Name, ...settings })
  .partial()
  .meta({ id: 'UpdateTenant' });

const {
  dns,
  searchDomains,
  mtu,
  persistentKeepalive,
  routes,
  routeIpv6,
  privateNetwork,
  passwordLengthMin,
  dataWarnPercents,
  keyLifetimeDays,
  keyRotationDays,
} = settings;

/** What a tenant may set itself. */
export const UpdateOwnSettings = z
  .strictObject({
    dns,
    searchDomains,
    mtu,
    persistentKeepalive,
    routes,
    routeIpv6,
    privateNetwork,
    passwordLengthMin,
    dataWarnPercents,
    keyLifetimeDays,
    keyRotationDays,
  })
  .partial()
  .meta({ id: 'UpdateSettings' });

export const TenantResource = z
  .object({
    id: Id,
    name: z.string(),
    state: z.enum(['active', 'suspended', 'deleting']),
    deviceCount: z.int(),
    deviceLimit: z.int(),
    passwordLengthMin: z.int(),
    authRateLimit: z.int(),
    authRateWindowSeconds: z.int(),
    tenantRateLimit: z.int(),
    keyRateLimit: z.int(),
    userRateLimit: z.int(),
    clientRateLimit: z.int(),
    dns: z.array(z.string()),
    searchDomains: z.array(z.string()),
    mtu: z.int().nullable(),
    persistentKeepalive: z.int(),
    routes: z.array(z.string()),
    routeIpv6: z.boolean(),
    privateNetwork: z.boolean(),
    sessionLimit: z.int().nullable(),
    userDeviceLimit: z.int().nullable(),
    userSessionLimit: z.int().nullable(),
    dataLimitBytes: z.int().nullable(),
    userDataLimitBytes: z.int().nullable(),
    dataResetDay: z.int(),
    dataWarnPercents: z.array(z.int()),
    uploadBitsPerSecond: z.int().nullable(),
    downloadBitsPerSecond: z.int().nullable(),
    keyLifetimeDays: z.int().nullable(),
    keyRotationDays: z.int().nullable(),
    privateKeysOnce: z.boolean(),
    noLog: z.boolean(),
    sessionDays: z.int().nullable(),
    usageDays: z.int().nullable(),
    deliveryLogDays: z.int(),
    createdAt: Instant,
  })
  .meta({ id: 'Tenant' });

export function tenantResource(tenant: Tenant): z.infer<typeof TenantResource> {
  return {
    ...tenant,
    dns: [...tenant.dns],
    searchDomains: [...tenant.searchDomains],
    routes: [...tenant.routes],
    dataWarnPercents: [...tenant.dataWarnPercents],
  };
}

export const TenantList = z
  .object({ tenants: z.array(TenantResource), nextCursor: NextCursor })
  .meta({ id: 'TenantList' });

export const DeletingTenant = z
  .object({ id: Id, status: z.literal('deleting') })
  .meta({ id: 'DeletingTenant' });
