import { timingSafeEqual } from 'node:crypto';
import { CVaultError, userSuspended } from '../errors.ts';
import type { Secret } from '../crypto/secret.ts';
import type { KeyGrant } from './grant.ts';
import { hashCredential, looksLikeApiKey } from './api-key.ts';
import type { AccessTokenClaims, AccessTokens, FoundIdentity, IdentityStore, KeyUses } from './ports.ts';
import type { AdminPrincipal, TenantPrincipal, UserPrincipal } from './principal.ts';
import { FifoCache } from './fifo-cache.ts';
import { KNOWN_KEYS, UNKNOWN_KEYS, UNKNOWN_MS } from '../limits/limits.ts';

export interface AuthenticatorDeps {
  readonly identities: IdentityStore;
  readonly accessTokens: AccessTokens;
  readonly adminKey: Secret<string>;
  readonly keyUses: KeyUses;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

export const invalidApiKey = (): CVaultError =>
  new CVaultError('invalid_api_key', 'The API key is not valid.');
const grantOf = ({ id, mode, scopes }: KeyGrant): KeyGrant => ({ id, mode, scopes });
const nameOf = (apiKeyHash: Buffer): string => apiKeyHash.toString('base64');
const invalidToken = () => new CVaultError('invalid_token', 'The access token is not valid.');

/** Identifies senders by the credentials of their requests; undefined means that a credential is missing. */
export function createAuthenticator({
  identities,
  accessTokens,
  adminKey,
  keyUses,
  now = () => performance.now(),
}: AuthenticatorDeps) {
  const adminKeyHash = hashCredential(adminKey.reveal());
  const known = new FifoCache<string, true>(KNOWN_KEYS);
  const unknownUntil = new FifoCache<string, number>(UNKNOWN_KEYS);

  /** Checks an API key as far as possible without the database. */
  function readApiKey(apiKey: string | undefined): Buffer {
    if (apiKey === undefined) throw new CVaultError('missing_api_key', 'Send an API key in X-API-Key.');
    if (!looksLikeApiKey(apiKey)) throw invalidApiKey();
    return hashCredential(apiKey);
  }

  async function find(
    apiKeyHash: Buffer,
    source: string | null,
    claims: AccessTokenClaims | null,
  ): Promise<FoundIdentity> {
    const name = nameOf(apiKeyHash);
    if ((unknownUntil.get(name) ?? 0) > now()) throw invalidApiKey();
    const found = await identities.find(apiKeyHash, source, claims);
    if (found === null || found.tenantState === 'deleting') {
      known.delete(name);
      unknownUntil.set(name, now() + UNKNOWN_MS);
      throw invalidApiKey();
    }
    known.set(name, true);
    if (found.tenantState === 'suspended')
      throw new CVaultError('tenant_suspended', 'The tenant is suspended.');
    if (!found.key.sourceAllowed)
      throw new CVaultError('source_not_allowed', 'The API key is not allowed from this address.');
    keyUses.saw(found.key.id);
    return found;
  }

  /** Verifies with the keys of the API key's tenant only. The tenant that the token claims is not trusted. */
  async function verify(
    apiKeyHash: Buffer,
    source: string | null,
    token: string,
  ): Promise<AccessTokenClaims> {
    const { tenantId } = await find(apiKeyHash, source, null);
    const claims = await accessTokens.verify(token, tenantId);
    if (claims === null) throw invalidToken();
    return claims;
  }

  return {
    /**
     * Whether an API key existed at this process's last look-up. Grants nothing: a known key is looked up at once,
     * any other waits among the strangers.
     */
    knows: (apiKey: string | undefined): boolean =>
      apiKey !== undefined &&
      looksLikeApiKey(apiKey) &&
      known.get(nameOf(hashCredential(apiKey))) !== undefined,

    /**
     * @param source the client's address; null if unknown
     * @throws CVaultError `missing_api_key`, `invalid_api_key`, `tenant_suspended`, `source_not_allowed`
     */
    async tenant(apiKey: string | undefined, source: string | null): Promise<TenantPrincipal> {
      const { tenantId, policy, key } = await find(readApiKey(apiKey), source, null);
      return { kind: 'tenant', tenantId, policy, key: grantOf(key) };
    },

    /** @throws CVaultError as `tenant`; `missing_token`, `invalid_token`, `user_suspended` */
    async user(
      apiKey: string | undefined,
      token: string | undefined,
      source: string | null,
    ): Promise<UserPrincipal> {
      const apiKeyHash = readApiKey(apiKey);
      if (token === undefined) {
        throw new CVaultError('missing_token', 'Send the user’s access token as Authorization: Bearer.');
      }
      const claims = accessTokens.recall(token) ?? (await verify(apiKeyHash, source, token));
      const { tenantId, policy, key, user } = await find(apiKeyHash, source, claims);
      if (claims.tenantId !== tenantId || user === null) throw invalidToken();
      if (user.suspended) throw userSuspended();
      return {
        kind: 'user',
        tenantId,
        policy,
        key: grantOf(key),
        userId: user.id,
        email: user.email,
        userCreatedAt: user.createdAt,
        credentialsEpoch: user.credentialsEpoch,
        signInId: claims.signInId,
      };
    },

    /** @throws CVaultError `invalid_admin_key` */
    admin(token: string | undefined): AdminPrincipal {
      // Hashing first gives both sides one length, so the comparison reveals nothing about either.
      if (token === undefined || !timingSafeEqual(hashCredential(token), adminKeyHash)) {
        throw new CVaultError('invalid_admin_key', 'The admin key is missing or not valid.');
      }
      return { kind: 'admin' };
    },
  };
}

export type Authenticator = ReturnType<typeof createAuthenticator>;
