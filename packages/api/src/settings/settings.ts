import { z } from 'zod';
import { hostsOf, rangesOf } from '../platform/db/address-lists.ts';
import { Resolvers, Routes, SearchDomains } from '../platform/http/schemas/addresses.ts';
import { Mtu, PersistentKeepalive } from '../platform/http/schemas/interface.ts';
import { Bytes, COUNT_MAX, CountLimit, Days, Speed } from '../platform/http/schemas/limits.ts';

/** One setting of a tenant. Its default is its column's, in prisma/schema.prisma. */
export interface Setting {
  /** The allowed values, with the text that documents them. */
  readonly schema: z.ZodType;
  /** The column of `tenants`. */
  readonly column: string;
  /** `tenant`: by the operator too. Only the operator sets what a tenant pays for and what protects the platform. */
  readonly setBy: 'operator' | 'tenant';
  /**
   * Where a change takes effect. `configuration`: in the device and in every configuration read from then on.
   * `vpn-server`: on the VPN servers, which are notified. `api`: in the next request or job.
   */
  readonly acts: 'configuration' | 'vpn-server' | 'api';
  /**
   * The file that enforces it, below packages/api/src. A test checks that the file names the setting or its column.
   */
  readonly keptIn: string;
  /** How SQL reads the column; absent: as it is. */
  readonly read?: (column: string) => string;
}

const RATE_MAX = 1_000_000;
const WINDOW_SECONDS_MAX = 86_400;
/** The maximum of the database. */
const WARNINGS_MAX = 8;

const PerMinute = z.int().min(1).max(RATE_MAX);

/**
 * Every setting of a tenant, once. The inputs of operator and tenant, the answer, the SQL, the devices'
 * configurations and docs/settings.md are all derived from this table.
 */
export const SETTINGS = {
  deviceLimit: {
    schema: z.int().min(0).max(COUNT_MAX).describe('Most devices, of all users together'),
    column: 'device_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'devices/device-quota.ts',
  },
  passwordLengthMin: {
    schema: z
      .int()
      .min(8)
      .max(256)
      .describe('Fewest characters of a password. Below 12 only with a second factor of your own.'),
    column: 'password_length_min',
    setBy: 'tenant',
    acts: 'api',
    keptIn: 'sign-in/settings.ts',
  },
  authRateLimit: {
    schema: z
      .int()
      .min(1)
      .max(RATE_MAX)
      .describe('Requests to the authentication routes per client and window'),
    column: 'auth_rate_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'platform/http/rate-limit.ts',
  },
  authRateWindowSeconds: {
    schema: z.int().min(1).max(WINDOW_SECONDS_MAX).describe('Seconds in which `authRateLimit` is counted'),
    column: 'auth_rate_window_seconds',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'platform/http/rate-limit.ts',
  },
  tenantRateLimit: {
    schema: PerMinute.describe('Requests in a minute, of all its keys and users together'),
    column: 'tenant_rate_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'platform/http/rate-limit.ts',
  },
  keyRateLimit: {
    schema: PerMinute.describe('Requests in a minute of each API key'),
    column: 'key_rate_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'platform/http/rate-limit.ts',
  },
  userRateLimit: {
    schema: PerMinute.describe('Requests in a minute of each user'),
    column: 'user_rate_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'platform/http/rate-limit.ts',
  },
  clientRateLimit: {
    schema: PerMinute.describe('Requests in a minute of each client address of its users'),
    column: 'client_rate_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'platform/http/rate-limit.ts',
  },
  dns: {
    schema: Resolvers.describe('Resolvers in the devices’ configurations'),
    column: 'dns',
    setBy: 'tenant',
    acts: 'configuration',
    keptIn: 'devices/config.ts',
    read: hostsOf,
  },
  searchDomains: {
    schema: SearchDomains.describe(
      'DNS names that devices search short names in. Linux and Android use them only beside a resolver.',
    ),
    column: 'search_domains',
    setBy: 'tenant',
    acts: 'configuration',
    keptIn: 'devices/config.ts',
  },
  mtu: {
    schema: Mtu.nullable().describe(
      'Most bytes of a packet in the tunnel, unless a device has its own. Null: the client works it out',
    ),
    column: 'mtu',
    setBy: 'tenant',
    acts: 'configuration',
    keptIn: 'devices/config.ts',
  },
  persistentKeepalive: {
    schema: PersistentKeepalive.describe(
      'Seconds between packets that keep the way back open, unless a device has its own: 25 where nothing is said, below the 30 s after which home routers forget a flow. 0: off',
    ),
    column: 'persistent_keepalive',
    setBy: 'tenant',
    acts: 'configuration',
    keptIn: 'devices/config.ts',
  },
  routes: {
    schema: Routes.describe(
      'Ranges that devices send into the tunnel, in CIDR notation; empty: everything (full tunnel). They are taken as they are: `0.0.0.0/0` without `::/0` leaves IPv6 outside the tunnel.',
    ),
    column: 'routes',
    setBy: 'tenant',
    acts: 'configuration',
    keptIn: 'devices/config.ts',
    read: rangesOf,
  },
  routeIpv6: {
    schema: z
      .boolean()
      .describe(
        'Full tunnels take IPv6 into the tunnel even where the VPN server has none. It ends there, so nothing leaks past the tunnel. False: on such a VPN server IPv6 stays outside the tunnel.',
      ),
    column: 'route_ipv6',
    setBy: 'tenant',
    acts: 'configuration',
    keptIn: 'devices/config.ts',
  },
  privateNetwork: {
    schema: z.boolean().describe('Its devices on one VPN server reach each other.'),
    column: 'private_network',
    setBy: 'tenant',
    acts: 'vpn-server',
    keptIn: 'devices/rows.ts',
  },
  sessionLimit: {
    schema: CountLimit.nullable().describe(
      'Most sessions open at once, of all users together. Null: any number',
    ),
    column: 'session_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'sessions/store.ts',
  },
  userDeviceLimit: {
    schema: z
      .int()
      .min(0)
      .max(COUNT_MAX)
      .nullable()
      .describe('Most devices of one user, unless set for the user. Null: any number'),
    column: 'user_device_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'user-limits/store.ts',
  },
  userSessionLimit: {
    schema: CountLimit.nullable().describe(
      'Most sessions of one user open at once, unless set for the user. Null: any number',
    ),
    column: 'user_session_limit',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'user-limits/store.ts',
  },
  dataLimitBytes: {
    schema: Bytes.nullable().describe(
      'Most bytes in a period, up and down together, of all users together. Null: any amount',
    ),
    column: 'data_limit_bytes',
    setBy: 'operator',
    acts: 'vpn-server',
    keptIn: 'usage/user-totals.ts',
  },
  userDataLimitBytes: {
    schema: Bytes.nullable().describe('The same of one user, unless set for the user'),
    column: 'user_data_limit_bytes',
    setBy: 'operator',
    acts: 'vpn-server',
    keptIn: 'user-limits/store.ts',
  },
  dataResetDay: {
    schema: z.int().min(1).max(28).describe('Day of the month on which a period begins, at 0:00 UTC'),
    column: 'data_reset_day',
    setBy: 'operator',
    acts: 'vpn-server',
    keptIn: 'usage/user-totals.ts',
  },
  dataWarnPercents: {
    schema: z
      .array(z.int().min(1).max(100))
      .max(WARNINGS_MAX)
      .refine((shares) => new Set(shares).size === shares.length, 'has a share twice')
      .describe('Shares of a data limit at which a warning goes out'),
    column: 'data_warn_percents',
    setBy: 'tenant',
    acts: 'api',
    keptIn: 'usage/totals.ts',
  },
  uploadBitsPerSecond: {
    schema: Speed.nullable().describe('Of each device, unless set for its user. Null: any speed'),
    column: 'upload_bits_per_second',
    setBy: 'operator',
    acts: 'vpn-server',
    keptIn: 'user-limits/store.ts',
  },
  downloadBitsPerSecond: {
    schema: Speed.nullable().describe('Of each device, unless set for its user. Null: any speed'),
    column: 'download_bits_per_second',
    setBy: 'operator',
    acts: 'vpn-server',
    keptIn: 'user-limits/store.ts',
  },
  keyLifetimeDays: {
    schema: Days.nullable().describe(
      'A device with an older key is held until it has a new one: 180 days unless set otherwise. Null: any age',
    ),
    column: 'key_lifetime_days',
    setBy: 'tenant',
    acts: 'api',
    keptIn: 'devices/upkeep-store.ts',
  },
  keyRotationDays: {
    schema: Days.nullable().describe(
      'Keys that were made here are changed when they are older; the old one goes on for a day. Null: never',
    ),
    column: 'key_rotation_days',
    setBy: 'tenant',
    acts: 'api',
    keptIn: 'devices/upkeep-store.ts',
  },
  privateKeysOnce: {
    schema: z
      .boolean()
      .describe('Private keys that were made here are told once and then forgotten, so never changed by us.'),
    column: 'private_keys_once',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'devices/rows.ts',
  },
  noLog: {
    schema: z
      .boolean()
      .describe(
        'No-log mode: a session is forgotten when it is closed, and of usage only the totals of a period are kept. What was kept before goes within minutes.',
      ),
    column: 'no_log',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'usage/roll-up-usage.job.ts',
  },
  sessionDays: {
    schema: z
      .int()
      .min(1)
      .max(3_650)
      .nullable()
      .describe('Days that closed sessions are kept. Null: as long as the platform keeps them'),
    column: 'session_days',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'usage/roll-up-usage.job.ts',
  },
  usageDays: {
    schema: z
      .int()
      .min(62)
      .max(3_650)
      .nullable()
      .describe('Days that usage by the day is kept. Null: as long as the platform keeps it'),
    column: 'usage_days',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'usage/roll-up-usage.job.ts',
  },
  deliveryLogDays: {
    schema: z.int().min(4).max(365).describe('Days that webhook messages and their log are kept'),
    column: 'delivery_log_days',
    setBy: 'operator',
    acts: 'api',
    keptIn: 'usage/roll-up-usage.job.ts',
  },
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;

/** A tenant's settings. */
export type TenantSettings = { readonly [K in SettingName]: z.output<Settings[K]['schema']> };

/** Some settings; the others stay or have their defaults. */
export type SomeSettings = { readonly [K in SettingName]?: TenantSettings[K] | undefined };

/** The names of the settings whose `field` is `value`. */
type NamesWith<F extends 'setBy' | 'acts', V> = {
  [K in SettingName]: Settings[K][F] extends V ? K : never;
}[SettingName];
export type OwnSettingName = NamesWith<'setBy', 'tenant'>;
type ConfigurationSettingName = NamesWith<'acts', 'configuration'>;

/** The settings in the configurations of a tenant's devices. */
export type ConfigurationSettings = Pick<TenantSettings, ConfigurationSettingName>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];
export const settingNamesWith = <F extends 'setBy' | 'acts', V extends Setting[F]>(
  field: F,
  value: V,
): NamesWith<F, V>[] =>
  SETTING_NAMES.filter((name) => (SETTINGS[name] as Setting)[field] === value) as NamesWith<F, V>[];
