import { type ApiKeyMode, generateApiKey } from '../platform/access/api-key.ts';
import { checkWithin, type KeyBounds, type KeyGrant } from '../platform/access/grant.ts';
import type { Scope } from '../platform/access/scopes.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type {
  ApiKey,
  ApiKeyPage,
  ApiKeyScope,
  ApiKeyStore,
  NewApiKeyRow,
  RevokedFamily,
} from '../tenants/index.ts';

/** Who handles keys: the operator, or a tenant by one of its own. */
export type KeyHolder = { readonly tenantId: string; readonly by: KeyGrant | 'operator' };

export interface NewApiKeyInput {
  readonly name: string;
  readonly mode: ApiKeyMode;
  /** Absent or null: all that there are, also those to come. */
  readonly scopes?: readonly Scope[] | null | undefined;
  /** Canonical ranges; empty for everywhere. Absent: as the key that makes it. */
  readonly allowedSources?: readonly string[] | undefined;
  /** In the future; null for never. Absent: as the key that makes it. */
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

/** What the operator is bound to. */
const UNBOUND: KeyBounds = { mode: 'live', scopes: null, allowedSources: [], expiresAt: null };

const actingKey = ({ by }: KeyHolder): string | null => (by === 'operator' ? null : by.id);

const earlier = (one: Date | null, other: Date | null): Date | null =>
  one === null || (other !== null && other < one) ? other : one;

function checkExpiry(expiresAt: Date | null): void {
  if (expiresAt === null || expiresAt.getTime() > Date.now()) return;
  throw new CVaultError('invalid_request', 'expiresAt is not in the future.', {
    faults: [{ pointer: '/expiresAt', message: 'must be in the future' }],
  });
}

/**
 * What operators and tenants do with API keys. Several of a tenant may be in use at once. A key that makes another one is its
 * parent: the child has no more than the parent has, and ends with it, unless whoever revokes the parent keeps it.
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
    /** Makes what test keys need that are there already. Call it once at the start. */
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
     * A new key with all that the old one may do, and as long a life as that one was given, but no longer than the key that
     * asks for it has. The old one goes on for `overlapSeconds`, so that no request fails while the new one is being brought
     * to where it is used.
     * @throws CVaultError `not_found`, `insufficient_scope`, `key_limit_reached`; `state_conflict` for one that has ended
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
        // Whoever asks knows the new key: it is theirs to answer for, unless it takes the place of their own.
        parentId: acting === null || acting === id ? old.parentId : acting,
        replacesId: id,
      };
      const stored = await apiKeys.replace(id, overlapSeconds, row, acting);
      if (stored === null) throw new CVaultError('state_conflict', 'The API key is revoked or has expired.');
      return { ...stored, key };
    },

    /**
     * It opens nothing from the next request on, nor do the sign-ins that it minted.
     * @param children what becomes of the keys that it has made
     * @throws CVaultError `not_found`; `insufficient_scope` for a key that may more than the one that asks
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
