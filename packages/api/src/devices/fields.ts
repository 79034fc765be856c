import { z } from 'zod';
import { hostsOf, rangesOf } from '../platform/db/address-lists.ts';
import { Resolvers, Routes, SearchDomains } from '../platform/http/schemas/addresses.ts';
import { Mtu, PersistentKeepalive } from '../platform/http/schemas/interface.ts';
import { Moment } from '../platform/http/schemas/moments.ts';
import { Name } from '../platform/http/schemas/name.ts';

/** A field that is set when a device is registered or changed. */
interface DeviceField {
  /** Values that may be set. An optional field may be left out at registration, and is null then. */
  readonly schema: z.ZodType;
  /** The field in answers. */
  readonly answer: z.ZodType;
  /** The column of the table `devices`. */
  readonly column: string;
  /** `both`: the tenant's backend may change it, too. */
  readonly setBy: 'user' | 'both';
  /** How SQL reads the column where it is not null; absent: as it is. */
  readonly read?: (column: string) => string;
}

const texts = z.array(z.string());

/**
 * Every field that is set of a device, once. From this table come what registration and changes take, what is answered, and the SQL
 * that reads and writes. A field that is named as one of the tenant's settings takes its place in the device's configuration.
 */
export const DEVICE_FIELDS = {
  deviceName: { schema: Name, answer: z.string(), column: 'name', setBy: 'user' },
  expiresAt: {
    schema: Moment.nullable()
      .optional()
      .describe('The device is taken off its VPN server at this time. Null: never.'),
    answer: z.string().nullable(),
    column: 'expires_at',
    setBy: 'user',
  },
  dns: {
    schema: Resolvers.nullable()
      .optional()
      .describe('Resolvers in the configuration. Null: the tenant’s; empty: none, the device keeps its own.'),
    answer: texts.nullable().describe('Null: the tenant’s.'),
    column: 'dns',
    setBy: 'both',
    read: hostsOf,
  },
  searchDomains: {
    schema: SearchDomains.nullable()
      .optional()
      .describe('DNS names that short names are searched in. Null: the tenant’s; empty: none.'),
    answer: texts.nullable().describe('Null: the tenant’s.'),
    column: 'search_domains',
    setBy: 'both',
  },
  routes: {
    schema: Routes.nullable()
      .optional()
      .describe('Ranges that go into the tunnel. Null: the tenant’s; empty: everything (full tunnel).'),
    answer: texts.nullable().describe('Null: the tenant’s.'),
    column: 'routes',
    setBy: 'both',
    read: rangesOf,
  },
  mtu: {
    schema: Mtu.nullable()
      .optional()
      .describe('Most bytes of a packet in the tunnel. Null: the tenant’s, or what the client works out.'),
    answer: z.int().nullable().describe('Null: the tenant’s.'),
    column: 'mtu',
    setBy: 'both',
  },
  persistentKeepalive: {
    schema: PersistentKeepalive.nullable()
      .optional()
      .describe('Seconds between packets that keep the way back open. Null: the tenant’s; 0: off.'),
    answer: z.int().nullable().describe('Seconds; 0: off. Null: the tenant’s.'),
    column: 'persistent_keepalive',
    setBy: 'both',
  },
} as const satisfies Record<string, DeviceField>;

type Fields = typeof DEVICE_FIELDS;
export type FieldName = keyof Fields;
type TenantFieldName = { [K in FieldName]: Fields[K]['setBy'] extends 'both' ? K : never }[FieldName];

/** The fields that a device's owner sets. */
export type DeviceFields = { readonly [K in FieldName]: Exclude<z.output<Fields[K]['schema']>, undefined> };
/** Named fields change; the others stay. */
export type DeviceChanges = { readonly [K in FieldName]?: DeviceFields[K] | undefined };
/** The same for the fields that a tenant's backend may change. */
export type TenantDeviceFieldChanges = Pick<DeviceChanges, TenantFieldName>;

export const FIELD_NAMES = Object.keys(DEVICE_FIELDS) as FieldName[];
export const TENANT_FIELD_NAMES = FIELD_NAMES.filter(
  (name) => DEVICE_FIELDS[name].setBy === 'both',
) as TenantFieldName[];

type Changes<K extends FieldName> = {
  [N in K]: Fields[N]['schema'] extends z.ZodOptional
    ? Fields[N]['schema']
    : z.ZodOptional<Fields[N]['schema']>;
};
const changesOf = <K extends FieldName>(names: readonly K[]) =>
  Object.fromEntries(
    names.map((name) => {
      const { schema } = DEVICE_FIELDS[name];
      return [name, schema instanceof z.ZodOptional ? schema : schema.optional()];
    }),
  ) as Changes<K>;

/** For a change by the user. */
export const changedFieldSchemas = changesOf(FIELD_NAMES);
/** For a change by the tenant's backend. */
export const tenantFieldSchemas = changesOf(TENANT_FIELD_NAMES);

export const fieldAnswers = Object.fromEntries(
  FIELD_NAMES.map((name) => [name, DEVICE_FIELDS[name].answer]),
) as { [K in FieldName]: Fields[K]['answer'] };

/** The fields as an answer has them. */
export function toldFields(fields: DeviceFields): { [K in FieldName]: z.output<Fields[K]['answer']> } {
  return Object.fromEntries(
    FIELD_NAMES.map((name) => {
      const value = fields[name];
      return [name, value instanceof Date ? value.toISOString() : value];
    }),
  ) as { [K in FieldName]: z.output<Fields[K]['answer']> };
}

/** The fields of a new device; a field that is left out is null. */
export function newFields(given: DeviceChanges & Pick<DeviceFields, 'deviceName'>): DeviceFields {
  return Object.fromEntries(
    FIELD_NAMES.map((name) => [name, given[name] ?? null]),
  ) as unknown as DeviceFields;
}
