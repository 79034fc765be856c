import { type ApiKeyMode, generateApiKey } from '../access/api-keys.ts';
import { type KeyGrant, scopesBeyond } from '../access/grant.ts';
import type { Scope } from '../access/scopes.ts';
import { CVaultError, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Secret } from '../secret.ts';
import type { ApiKeyPage, ApiKeyScope, ApiKeyStore } from './ports.ts';
import type { ApiKey } from './tenant.ts';

/** Who handles keys: the operator, or a tenant by one of its own. */
export type KeyHolder = { readonly tenantId: string; readonly by: KeyGrant | 'operator' };

export interface NewApiKeyInput {
  readonly name: string;
  readonly mode: ApiKeyMode;
  /** Absent or null: all that there are, also those to come. */
  readonly scopes?: readonly Scope[] | null | undefined;
  /** Canonical ranges; absent or empty for everywhere. */
  readonly allowedSources?: readonly string[] | undefined;
  /** In the future; absent or null for never. */
  readonly expiresAt?: Date | null | undefined;
}

export type CreatedApiKey = ApiKey & {
  /** It is in this answer and never again. */
  readonly key: Secret<string>;
};

export interface ApiKeyServiceDeps {
  readonly apiKeys: ApiKeyStore;
  /** Called before the first test key of a tenant can be used: there has to be a simulated VPN server. */
  readonly prepareTestMode: () => Promise<void>;
}

/** A test key sees and makes test keys only, so that whoever holds one gets nowhere near what is live. */
function scopeOf({ tenantId, by }: KeyHolder): ApiKeyScope {
  return { tenantId, mode: by !== 'operator' && by.mode === 'test' ? 'test' : null };
}

function checkGrant({ by }: KeyHolder, mode: ApiKeyMode, scopes: readonly Scope[] | null): void {
  if (by === 'operator') return;
  if (by.mode === 'test' && mode === 'live')
    throw new CVaultError('insufficient_scope', 'A test key cannot make a live one.');
  const beyond = scopesBeyond(by, scopes);
  if (beyond.length > 0)
    throw new CVaultError(
      'insufficient_scope',
      `The API key cannot give what it has not got: ${beyond.join(', ')}.`,
    );
}

function checkExpiry(expiresAt: Date | null): void {
  if (expiresAt === null || expiresAt.getTime() > Date.now()) return;
  throw new CVaultError('invalid_request', 'expiresAt is not in the future.', {
    faults: [{ pointer: '/expiresAt', message: 'must be in the future' }],
  });
}

/** What operators and tenants do with API keys. Several of a tenant may be in use at once. */
export function createApiKeyService({ apiKeys, prepareTestMode }: ApiKeyServiceDeps) {
  async function get(holder: KeyHolder, id: string): Promise<ApiKey> {
    const key = await apiKeys.find(scopeOf(holder), id);
    if (key === null) throw notFound('API key');
    return key;
  }

  return {
    /** Makes what test keys need that are there already. Call it once at the start. */
    async prepare(): Promise<void> {
      if (await apiKeys.anyForTest()) await prepareTestMode();
    },

    /** @throws CVaultError `not_found`, `insufficient_scope`, `invalid_request`, `key_limit_reached` */
    async create(holder: KeyHolder, input: NewApiKeyInput): Promise<CreatedApiKey> {
      const { name, mode, scopes = null, allowedSources = [], expiresAt = null } = input;
      checkGrant(holder, mode, scopes);
      checkExpiry(expiresAt);
      if (mode === 'test') await prepareTestMode();
      const { key, hash, prefix } = generateApiKey(mode);
      const row = {
        id: newId(),
        tenantId: holder.tenantId,
        name,
        mode,
        prefix,
        hash,
        scopes,
        allowedSources,
        expiresAt,
      };
      const stored = await apiKeys.create(row);
      if (stored === null) throw notFound('tenant');
      return { ...stored, key };
    },

    /** @throws CVaultError `not_found` */
    async list(holder: KeyHolder, page?: ApiKeyPage): Promise<ApiKey[]> {
      const keys = await apiKeys.list(scopeOf(holder), page);
      if (keys === null) throw notFound('tenant');
      return keys;
    },

    /** @throws CVaultError `not_found` */
    get,

    /**
     * A new key with all that the old one may do, and as long a life as that one was given. The old one goes on for
     * `overlapSeconds`, so that no request fails while the new one is being brought to where it is used.
     * @throws CVaultError `not_found`, `insufficient_scope`, `key_limit_reached`; `state_conflict` for one that has ended
     */
    async rotate(holder: KeyHolder, id: string, overlapSeconds: number): Promise<CreatedApiKey> {
      const old = await get(holder, id);
      checkGrant(holder, old.mode, old.scopes);
      const { key, hash, prefix } = generateApiKey(old.mode);
      const { name, mode, scopes, allowedSources } = old;
      const lifetime = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
      const expiresAt = lifetime === null ? null : new Date(Date.now() + lifetime);
      const row = {
        id: newId(),
        tenantId: holder.tenantId,
        name,
        mode,
        prefix,
        hash,
        scopes,
        allowedSources,
        expiresAt,
      };
      const stored = await apiKeys.replace(id, overlapSeconds, row);
      if (stored === null) throw new CVaultError('state_conflict', 'The API key is revoked or has expired.');
      return { ...stored, key };
    },

    /**
     * It opens nothing from the next request on.
     * @throws CVaultError `not_found`
     */
    async revoke(holder: KeyHolder, id: string): Promise<void> {
      if (!(await apiKeys.revoke(scopeOf(holder), id))) throw notFound('API key');
    },
  };
}

export type ApiKeyService = ReturnType<typeof createApiKeyService>;
