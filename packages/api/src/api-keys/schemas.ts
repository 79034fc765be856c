import type { ApiKey } from './api-key.ts';
import type { RevokedFamily } from './ports.ts';
import { SCOPES } from '../platform/access/scopes.ts';
import type { CreatedApiKey as MadeApiKey } from './service.ts';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { Moment } from '../platform/http/schemas/moments.ts';
import { Name } from '../platform/http/schemas/name.ts';
import { NextCursor } from '../platform/http/schemas/pages.ts';
import { Sources } from '../platform/http/schemas/addresses.ts';

/** Thirty days. A new key that is not deployed by then has been forgotten. */
const OVERLAP_SECONDS_MAX = 30 * 86_400;
const DAY_SECONDS = 86_400;

const Mode = z.enum(['live', 'test']).meta({
  description: '`test`: simulated VPN servers, and users and devices of its own',
});

const ScopeName = z.enum(SCOPES).meta({ id: 'Scope', description: 'A permission of an API key' });

const ScopeList = z
  .array(ScopeName)
  .min(1)
  .max(SCOPES.length)
  .refine((scopes) => new Set(scopes).size === scopes.length, 'has a scope twice');

const AllowedSources = Sources.meta({
  description: 'Addresses and ranges in CIDR notation that it may be used from. Empty: everywhere',
});

/** Options for the keys that a revoked key has created. */
export const RevokeQuery = z.strictObject({
  children: z
    .enum(['revoke', 'keep'])
    .default('revoke')
    .meta({ description: 'The fate of the keys that it has made, and of theirs' }),
});

const ExpiresAt = Moment.nullable().optional();

const newKey = {
  name: Name,
  mode: Mode.default('live'),
  allowedSources: AllowedSources.optional(),
  expiresAt: ExpiresAt.describe('It opens nothing from then on. Null: never.'),
};

export const CreateApiKey = z
  .strictObject({
    ...newKey,
    scopes: ScopeList.optional().describe('Absent: all that there are now.'),
  })
  .meta({ id: 'CreateApiKey' });

export const CreateOwnApiKey = z
  .strictObject({
    ...newKey,
    scopes: ScopeList.describe('None that the key of this request has not got itself.'),
    allowedSources: AllowedSources.optional().describe(
      'Within those of the key of this request; absent: the same. Empty: everywhere.',
    ),
    expiresAt: ExpiresAt.describe(
      'No later than the key of this request; absent: at the same time. Null: never.',
    ),
  })
  .meta({ id: 'CreateOwnApiKey' });

export const RotateApiKey = z
  .strictObject({
    overlapSeconds: z
      .int()
      .min(0)
      .max(OVERLAP_SECONDS_MAX)
      .default(DAY_SECONDS)
      .describe('How long the old key goes on. 0: it ends at once.'),
  })
  .meta({ id: 'RotateApiKey' });

const apiKey = {
  id: Id,
  name: z.string(),
  mode: Mode,
  prefix: z.string().meta({ description: 'The first characters, to tell keys apart' }),
  scopes: z.array(ScopeName).nullable().meta({ description: 'Null: all that there are, also those to come' }),
  allowedSources: z.array(z.string()).meta({ description: 'Empty: everywhere' }),
  createdAt: Instant,
  expiresAt: Instant.nullable(),
  lastUsedAt: Instant.nullable().meta({ description: 'To about a minute. Null: never' }),
  revokedAt: Instant.nullable(),
  parentId: Id.nullable().meta({ description: 'The key that made it. Null: the operator did' }),
  replacesId: Id.nullable().meta({ description: 'The key that it came in the place of' }),
};

export const ApiKeyResource = z.object(apiKey).meta({ id: 'ApiKey' });
export const CreatedApiKey = z
  .object({ ...apiKey, key: z.string().meta({ description: 'The key. It is shown here and never again.' }) })
  .meta({ id: 'CreatedApiKey' });
export const ApiKeyList = z.object({ apiKeys: z.array(ApiKeyResource) }).meta({ id: 'ApiKeyList' });
export const ApiKeyPage = z
  .object({ apiKeys: z.array(ApiKeyResource), nextCursor: NextCursor })
  .meta({ id: 'ApiKeyPage' });

export const RevokedApiKey = z
  .object({
    revoked: z.array(ApiKeyResource).meta({ description: 'Keys that it had made, and those that they had' }),
    kept: z.array(ApiKeyResource).meta({
      description: 'Still open the API: those that you keep, and the one that came in its place',
    }),
  })
  .meta({ id: 'RevokedApiKey', description: 'The key is revoked, and these have to do with it' });

/** Null if there is nothing to report. */
export function revokedResource({ revoked, kept }: RevokedFamily): z.infer<typeof RevokedApiKey> | null {
  if (revoked.length === 0 && kept.length === 0) return null;
  return { revoked: revoked.map(apiKeyResource), kept: kept.map(apiKeyResource) };
}

export function apiKeyResource(key: ApiKey): z.infer<typeof ApiKeyResource> {
  const { id, name, mode, prefix, createdAt, expiresAt, lastUsedAt, revokedAt, parentId, replacesId } = key;
  return {
    id,
    name,
    mode,
    prefix,
    scopes: key.scopes === null ? null : [...key.scopes],
    allowedSources: [...key.allowedSources],
    createdAt,
    expiresAt,
    lastUsedAt,
    revokedAt,
    parentId,
    replacesId,
  };
}

export function createdApiKeyResource(made: MadeApiKey): z.infer<typeof CreatedApiKey> {
  return { ...apiKeyResource(made), key: made.key.reveal() };
}

export const ApiKeyParams = z.strictObject({ id: Id, keyId: Id });
export const OwnApiKeyParams = z.strictObject({ keyId: Id });
