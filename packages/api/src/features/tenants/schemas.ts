import type { ApiKey, Tenant } from '@cvault/core';
import { z } from 'zod';
import { Instant } from '../../http/schemas/answers.ts';
import { Id } from '../../http/schemas/ids.ts';
import { Name } from '../../http/schemas/name.ts';
import { NextCursor } from '../../http/schemas/pages.ts';

/** Within PostgreSQL's integer; the database checks the relation to the devices that there are. */
const DEVICE_LIMIT_MAX = 2_000_000_000;
const RATE_MAX = 1_000_000;
const WINDOW_SECONDS_MAX = 86_400;
/** As many as a resolver library asks. */
const RESOLVERS_MAX = 8;

const settings = {
  deviceLimit: z
    .int()
    .min(0)
    .max(DEVICE_LIMIT_MAX)
    .meta({ description: 'Most devices, of all users together' }),
  passwordLengthMin: z.int().min(8).max(256).meta({
    description: 'Fewest characters of a password. Below 12 only with a second factor of your own.',
  }),
  authRateLimit: z
    .int()
    .min(1)
    .max(RATE_MAX)
    .meta({ description: 'Requests to the authentication routes per client and window' }),
  authRateWindowSeconds: z.int().min(1).max(WINDOW_SECONDS_MAX),
  dns: z
    .array(z.union([z.ipv4(), z.ipv6()], 'must be an IP address'))
    .max(RESOLVERS_MAX)
    .meta({ description: 'Resolvers in the devices’ configurations' }),
};

export const CreateTenant = z.strictObject({ name: Name, ...z.object(settings).partial().shape }).meta({
  id: 'CreateTenant',
});

export const UpdateTenant = z
  .strictObject({ name: Name, ...settings })
  .partial()
  .meta({ id: 'UpdateTenant' });

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
    dns: z.array(z.string()),
    createdAt: Instant,
  })
  .meta({ id: 'Tenant' });

export function tenantResource(tenant: Tenant): z.infer<typeof TenantResource> {
  return { ...tenant, dns: [...tenant.dns] };
}

export const TenantList = z
  .object({ tenants: z.array(TenantResource), nextCursor: NextCursor })
  .meta({ id: 'TenantList' });

export const DeletingTenant = z
  .object({ id: Id, status: z.literal('deleting') })
  .meta({ id: 'DeletingTenant' });

export const CreateApiKey = z
  .strictObject({ name: Name, mode: z.enum(['live', 'test']).default('live') })
  .meta({ id: 'CreateApiKey' });

const apiKey = {
  id: Id,
  name: z.string(),
  mode: z.enum(['live', 'test']),
  prefix: z.string().meta({ description: 'The first characters, to tell keys apart' }),
  createdAt: Instant,
  revokedAt: Instant.nullable(),
};

export const ApiKeyResource = z.object(apiKey).meta({ id: 'ApiKey' });
export const CreatedApiKey = z
  .object({ ...apiKey, key: z.string().meta({ description: 'The key. It is shown here and never again.' }) })
  .meta({ id: 'CreatedApiKey' });
export const ApiKeyList = z.object({ apiKeys: z.array(ApiKeyResource) }).meta({ id: 'ApiKeyList' });

export function apiKeyResource(key: ApiKey): z.infer<typeof ApiKeyResource> {
  const { id, name, mode, prefix, createdAt, revokedAt } = key;
  return { id, name, mode, prefix, createdAt, revokedAt };
}

export const ApiKeyParams = z.strictObject({ id: Id, keyId: Id });
