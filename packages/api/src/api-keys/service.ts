import type { ApiKey } from './api-key.ts';
import type { ApiKeyPage, ApiKeyScope, ApiKeyStore, NewApiKeyRow, RevokedFamily } from './ports.ts';
import { type ApiKeyMode, generateApiKey } from '../platform/access/api-key.ts';
import { checkWithin, type KeyBounds, type KeyGrant } from '../platform/access/grant.ts';
import type { Scope } from '../platform/access/scopes.ts';
import { CVaultError, invalidField, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Secret } from '../platform/crypto/secret.ts';

/** The caller: the operator, or a tenant with one of its keys. */
export type KeyHolder = { readonly tenantId: string; readonly by: KeyGrant | 'operator' };

export interface NewApiKeyInput {
  readonly name: string;
  readonly mode: ApiKeyMode;
  /** Absent or null: all scopes, including future ones. */
  readonly scopes?: readonly Scope[] | null | undefined;
  /** Canonical ranges; empty for everywhere. Absent: those of the creating key. */
  readonly allowedSources?: readonly string[] | undefined;
  /** In the future; null for never. Absent: that of the creating key. */
  readonly expiresAt?: Date | null | undefined;
}

export type CreatedApiKey = ApiKey & {
  /** Returned only here. */
  readonly key: Secret<string>;
};

export interface ApiKeyServiceDeps {
  readonly apiKeys: ApiKeyStore;
  /** Ensures a simulated VPN server; called before a tenant's first test key can be used. */
  readonly prepareTestMode: () => Promise<void>;
}

/** A test key sees and creates only test keys, so that its holder cannot reach anything live. */
function scopeOf({ tenantId, by }: KeyHolder): ApiKeyScope {
  return { tenantId, mode: by !== 'operator' && by.mode === 'test' ? 'test' : null };
}

/** The bounds of the operator. */
const UNBOUND: KeyBounds = { mode: 'live', scopes: null, allowedSources: [], expiresAt: null };

const actingKey = ({ by }: KeyHolder): string | null => (by === 'operator' ? null : by.id);

const earlier = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && other < one) ? other : one;

function checkExpiry(expiresAt: Date | null): void {
  if (expiresAt === null || expiresAt.getTime() > Date.now()) return;
  throw invalidField('/expiresAt', 'must be in the future');
}

/**
 * Management of API keys. A tenant may use several at once. A key that creates another is its parent: the child
 * never has more rights, and is revoked with the parent unless the caller keeps it.
 */
export function createApiKeyService({ apiKeys, prepareTestMode }: ApiKeyServiceDeps) {
  async function get(holder: KeyHolder, id: string): Promise<ApiKey> {
    const key = await apiKeys.find(scopeOf(holder), id);
    if (key === null) throw notFound('API key');
    return key;
  }

  const boundsOf = (holder: KeyHolder): KeyBounds | Promise<KeyBounds> =>
    holder.by === 'operator' ? UNBOUND : get(holder, holder.by.id);

  return {
    /** Prepares the test mode for existing test keys. Call it once at the start. */
    async prepare(): Promise<void> {
      if (await apiKeys.anyForTest()) await prepareTestMode();
    },

    /** @throws CVaultError `not_found`, `insufficient_scope`, `invalid_request`, `key_limit_reached` */
    async create(holder: KeyHolder, input: NewApiKeyInput): Promise<CreatedApiKey> {
      const own = await boundsOf(holder);
      const { name, mode, scopes = null } = input;
      const { allowedSources = own.allowedSources, expiresAt = own.expiresAt } = input;
      checkExpiry(expiresAt);
      checkWithin(own, { mode, scopes, allowedSources, expiresAt });
      if (mode === 'test') await prepareTestMode();
      const { key, hash, prefix } = generateApiKey(mode);
      const row: NewApiKeyRow = {
        id: newId(),
        tenantId: holder.tenantId,
        name,
        mode,
        prefix,
        hash,
        scopes,
        allowedSources,
        expiresAt,
        parentId: actingKey(holder),
        replacesId: null,
      };
      const stored = await apiKeys.create(row, actingKey(holder));
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
     * Creates a key with the old key's rights and lifetime, limited by the lifetime of the calling key. The old key
     * works for another `overlapSeconds`, so that no request fails while the new one is deployed.
     * @throws CVaultError `not_found`, `insufficient_scope`, `key_limit_reached`; `state_conflict` for a key that
     * has ended
     */
    async rotate(holder: KeyHolder, id: string, overlapSeconds: number): Promise<CreatedApiKey> {
      const old = await get(holder, id);
      const own = await boundsOf(holder);
      checkWithin(own, old);
      const { key, hash, prefix } = generateApiKey(old.mode);
      const { name, mode, scopes, allowedSources } = old;
      const lifetime = old.expiresAt === null ? null : old.expiresAt.getTime() - old.createdAt.getTime();
      const fullLife = lifetime === null ? null : new Date(Date.now() + lifetime);
      const acting = actingKey(holder);
      const row: NewApiKeyRow = {
        id: newId(),
        tenantId: holder.tenantId,
        name,
        mode,
        prefix,
        hash,
        scopes,
        allowedSources,
        expiresAt: earlier(fullLife, own.expiresAt),
        // The caller knows the new key and so becomes its parent, unless it replaces the caller's own key.
        parentId: acting === null || acting === id ? old.parentId : acting,
        replacesId: id,
      };
      const stored = await apiKeys.replace(id, overlapSeconds, row, acting);
      if (stored === null) throw new CVaultError('state_conflict', 'The API key is revoked or has expired.');
      return { ...stored, key };
    },

    /**
     * Ends the key and the sign-ins that it minted, from the next request on.
     * @param children what to do with the keys that it created
     * @throws CVaultError `not_found`; `insufficient_scope` if the key has more rights than the caller
     */
    async revoke(holder: KeyHolder, id: string, children: 'revoke' | 'keep'): Promise<RevokedFamily> {
      const [own, key] = [await boundsOf(holder), await get(holder, id)];
      checkWithin(own, key);
      const family = await apiKeys.revoke(scopeOf(holder), id, children);
      if (family === null) throw notFound('API key');
      return family;
    },
  };
}

export type ApiKeyService = ReturnType<typeof createApiKeyService>;
