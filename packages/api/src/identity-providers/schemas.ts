import { Secret } from '../platform/crypto/secret.ts';
import { ID_TOKEN_ALGORITHMS, type IdentityProvider } from './service.ts';
import { z } from 'zod';
import { faultOfKey } from './public-keys.ts';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id } from '../platform/http/schemas/ids.ts';
import { Name } from '../platform/http/schemas/name.ts';
import { tokens } from '../sign-in/index.ts';

const URL_CHARACTERS_MAX = 500;
const AUDIENCES_MAX = 20;
const KEYS_MAX = 20;
const TOKEN_CHARACTERS_MAX = 16_384;

/** OpenID Connect Core, section 2. With another, no token would ever be accepted. `http` is for a provider that is tried out. */
const isIssuer = (text: string): boolean => URL.canParse(text) && /^https?:\/\/[^\s\p{Cc}?#@]+$/u.test(text);

const Issuer = z
  .string()
  .max(URL_CHARACTERS_MAX)
  .refine(
    isIssuer,
    'must be what `iss` of its tokens says: a URL such as https://id.example.com, without a query, a fragment or blanks',
  )
  .meta({ description: '`iss` of its tokens, to the letter' });

/** Public keys of known types. Refuses symmetric keys. */
const PublicJwk = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) });

export const CreateIdentityProvider = z
  .strictObject({
    name: Name,
    issuer: Issuer,
    audiences: z
      .array(z.string().min(1).max(URL_CHARACTERS_MAX))
      .min(1)
      .max(AUDIENCES_MAX)
      .meta({ description: 'Client ids of your apps there: `aud` of a token has to be one of them' }),
    algorithms: z
      .array(z.enum(ID_TOKEN_ALGORITHMS))
      .min(1)
      .refine((list) => new Set(list).size === list.length, 'has an entry twice')
      .default(['RS256']),
    jwksUrl: z.string().max(URL_CHARACTERS_MAX).nullable().default(null).meta({
      description:
        'Where its keys are. Without it and `jwks`: found from the issuer (OpenID Connect Discovery)',
    }),
    jwks: z
      .strictObject({ keys: z.array(PublicJwk).min(1).max(KEYS_MAX) })
      .nullable()
      .default(null)
      .meta({ description: 'Its public keys (RFC 7517), where it publishes none' }),
  })
  .refine(({ jwksUrl, jwks }) => jwksUrl === null || jwks === null, {
    path: ['jwks'],
    message: 'is given, and so is jwksUrl; send one of them',
  })
  .superRefine(({ jwks, algorithms }, context) => {
    const faults = (jwks?.keys ?? []).map((key) => faultOfKey(key, algorithms));
    // A set may hold keys for other uses and algorithms (RFC 7517 section 5); one usable key is enough. A private key is never taken.
    const hasUsableKey = faults.includes(null);
    for (const [index, fault] of faults.entries()) {
      if (fault === null || (hasUsableKey && !fault.isPrivate)) continue;
      const path = ['jwks', 'keys', index, ...(fault.field === null ? [] : [fault.field])];
      context.addIssue({ code: 'custom', path, message: fault.message });
    }
  })
  .meta({ id: 'CreateIdentityProvider' });

export const IdentityProviderResource = z
  .object({
    id: Id,
    name: z.string(),
    issuer: z.string(),
    audiences: z.array(z.string()),
    algorithms: z.array(z.string()),
    jwksUrl: z.string().nullable(),
    createdAt: Instant,
  })
  .meta({ id: 'IdentityProvider' });

export const IdentityProviderList = z
  .object({ identityProviders: z.array(IdentityProviderResource) })
  .meta({ id: 'IdentityProviderList' });

export function identityProviderResource(
  provider: IdentityProvider,
): z.infer<typeof IdentityProviderResource> {
  const { id, name, issuer, audiences, algorithms, jwksUrl, createdAt } = provider;
  return {
    id,
    name,
    issuer,
    audiences: [...audiences],
    algorithms: [...algorithms],
    jwksUrl,
    createdAt,
  };
}

const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token' as const;

/** RFC 8693 section 2.1, with its field names. */
export const ExchangeToken = z
  .strictObject({
    grant_type: z.literal('urn:ietf:params:oauth:grant-type:token-exchange'),
    subject_token: z
      .string()
      .min(1)
      .max(TOKEN_CHARACTERS_MAX)
      .transform((text) => new Secret(text))
      .meta({ description: 'The ID token, as the identity provider gave it' }),
    subject_token_type: z.enum([ID_TOKEN, JWT]),
    requested_token_type: z.literal(ACCESS_TOKEN).optional(),
  })
  .meta({ id: 'ExchangeToken' });

/** RFC 8693 section 2.2.1. */
export const ExchangedToken = z
  .object({
    access_token: z.string(),
    issued_token_type: z.literal(ACCESS_TOKEN),
    token_type: z.literal('Bearer'),
    expires_in: tokens.expiresIn,
    refresh_token: z.string().meta({ description: 'For one use at /auth/refresh, within 30 days' }),
  })
  .meta({ id: 'ExchangedToken' });
