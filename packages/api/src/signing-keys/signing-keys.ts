import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { SealedColumn, Vault } from '../platform/crypto/vault.ts';
import { FifoCache } from '../platform/access/fifo-cache.ts';

/**
 * A new key is published this long before it signs: longer than any cache of published keys, including those of our
 * processes, so that every verifier knows the key of a new token.
 */
const PUBLISHED_AHEAD_SECONDS = 600;
/** How long others may cache the published keys. */
export const PUBLISHED_KEYS_MAX_AGE_SECONDS = 300;
/** The lifetime of an access token. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/**
 * A key stays published this long after its successor starts signing: until its last token has expired, plus a
 * margin for clocks.
 */
export const RETIRED_AFTER_SECONDS = ACCESS_TOKEN_SECONDS + 300;
/** Keys that have signed for longer are replaced. */
export const SIGNING_KEY_DAYS = 30;

/** The longest delay until this process notices a revoked key. */
const FRESH_MS = 30_000;
/** The shortest interval between reads for an unknown key, since forged tokens can name any key. */
const READ_AGAIN_MS = 1_000;
const TENANTS_MAX = 10_000;

function signingKeyColumn(tenantId: string, keyId: string): SealedColumn {
  return { owner: tenantId, row: keyId, column: 'signing_keys.private_key' };
}

/** A tenant's key pair on the curve P-256. */
export interface StoredSigningKey {
  readonly id: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** PKCS #8, DER, sealed for `signingKeyColumn`. */
  readonly sealedPrivateKey: Buffer;
  /** The start of signing, which ends when a later key's starts. */
  readonly signsFrom: Date;
}

export interface AddedKey {
  /** 0 for immediately. */
  readonly signsInSeconds: number;
  /** Adds nothing if the tenant has a key younger than this; null to add in any case. */
  readonly unlessWithinDays: number | null;
  /** Deletes all other keys, so that their tokens are refused. */
  readonly revokeOthers: boolean;
}

export interface SigningKeyStore {
  /** In signing order; null for an unknown tenant. */
  list(tenantId: string): Promise<readonly StoredSigningKey[] | null>;
  /**
   * One of several concurrent calls with `unlessWithinDays` adds a key.
   * @throws CVaultError `not_found` for an unknown tenant
   */
  add(tenantId: string, key: Omit<StoredSigningKey, 'signsFrom'>, how: AddedKey): Promise<void>;
  /** Tenants whose newest key is older than `SIGNING_KEY_DAYS`. */
  aged(): Promise<readonly string[]>;
  /** Deletes keys whose successor has been signing for `RETIRED_AFTER_SECONDS`; returns their number. */
  forgetRetired(): Promise<number>;
}

interface KnownKey {
  readonly id: string;
  readonly publicKey: KeyObject;
  readonly sealedPrivateKey: Buffer;
  readonly signsFrom: Date;
  privateKey?: KeyObject;
}

interface KnownKeys {
  readonly readAt: number;
  readonly keys: readonly KnownKey[];
}

export interface SigningKeysDeps {
  readonly store: SigningKeyStore;
  readonly vault: Vault;
  readonly clock: Clock;
}

/**
 * The keys that sign tenants' access tokens, cached per process. Each tenant has its own, so that one tenant's
 * token can never be verified as another's.
 */
export function createSigningKeys({ store, vault, clock }: SigningKeysDeps) {
  const remembered = new FifoCache<string, KnownKeys>(TENANTS_MAX);

  function known(tenantId: string, atMostMs: number): KnownKeys | null {
    const found = remembered.get(tenantId);
    return found !== undefined && clock.now().getTime() - found.readAt < atMostMs ? found : null;
  }

  async function read(tenantId: string): Promise<KnownKeys | null> {
    const readAt = clock.now().getTime();
    const stored = await store.list(tenantId);
    if (stored === null) return null;
    const before = new Map(remembered.get(tenantId)?.keys.map((key) => [key.id, key]));
    const keys = stored.map(
      ({ id, publicKey, sealedPrivateKey, signsFrom }): KnownKey =>
        before.get(id) ?? {
          id,
          publicKey: createPublicKey({ key: publicKey, format: 'der', type: 'spki' }),
          sealedPrivateKey,
          signsFrom,
        },
    );
    const found = { readAt, keys };
    remembered.set(tenantId, found);
    return found;
  }

  function add(tenantId: string, how: AddedKey): Promise<void> {
    const id = newId();
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const privateKey = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
    const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' });
    const sealedPrivateKey = vault.seal(signingKeyColumn(tenantId, id), privateKey);
    privateKey.fill(0);
    return store.add(tenantId, { id, publicKey, sealedPrivateKey }, how);
  }

  function signerOf({ keys }: KnownKeys): KnownKey | undefined {
    return keys.findLast((key) => key.signsFrom.getTime() <= clock.now().getTime()) ?? keys[0];
  }

  return {
    /**
     * The current signing key. Creates a tenant's first key.
     * @throws CVaultError `not_found` for an unknown tenant
     */
    async signing(tenantId: string): Promise<{ readonly id: string; readonly key: KeyObject }> {
      let found = known(tenantId, FRESH_MS) ?? (await read(tenantId));
      if (found?.keys.length === 0) {
        await add(tenantId, { signsInSeconds: 0, unlessWithinDays: 36_500, revokeOthers: false });
        found = await read(tenantId);
      }
      const signer = found === null ? undefined : signerOf(found);
      if (signer === undefined) throw notFound('tenant');
      signer.privateKey ??= createPrivateKey({
        key: vault.open(signingKeyColumn(tenantId, signer.id), signer.sealedPrivateKey).reveal(),
        format: 'der',
        type: 'pkcs8',
      });
      return { id: signer.id, key: signer.privateKey };
    },

    /** Whether this process has recently seen that the key belongs to the tenant. */
    vouches: (tenantId: string, id: string): boolean =>
      known(tenantId, FRESH_MS)?.keys.some((key) => key.id === id) ?? false,

    /** The tenant's public key with this id; null if there is none. */
    async verifying(tenantId: string, id: string): Promise<KeyObject | null> {
      const isIt = (key: KnownKey) => key.id === id;
      const found = known(tenantId, FRESH_MS)?.keys.find(isIt);
      if (found !== undefined) return found.publicKey;
      if (known(tenantId, READ_AGAIN_MS) !== null) return null;
      return (await read(tenantId))?.keys.find(isIt)?.publicKey ?? null;
    },

    /**
     * The keys that verify the tenant's current and upcoming tokens.
     * @throws CVaultError `not_found` for an unknown tenant
     */
    async published(tenantId: string): Promise<readonly { readonly id: string; readonly key: KeyObject }[]> {
      const found = known(tenantId, FRESH_MS) ?? (await read(tenantId));
      if (found === null) throw notFound('tenant');
      return found.keys.map(({ id, publicKey }) => ({ id, key: publicKey }));
    },

    /**
     * Adds a key that is published at once and signs once every verifier can know it. With `revokeOthers`, for
     * leaked keys, it signs at once, and the others' tokens are refused within 30 s.
     * @throws CVaultError `not_found` for an unknown tenant
     */
    async rotate(tenantId: string, { revokeOthers }: { readonly revokeOthers: boolean }): Promise<void> {
      const signsInSeconds = revokeOthers ? 0 : PUBLISHED_AHEAD_SECONDS;
      await add(tenantId, { signsInSeconds, unlessWithinDays: null, revokeOthers });
      await read(tenantId);
    },

    /** Replaces old keys and deletes obsolete ones. */
    async renew(items: Items): Promise<{ readonly tenants: number; readonly retired: number }> {
      const aged = await store.aged();
      for (const tenantId of aged) {
        await items.attempt(tenantId, () =>
          add(tenantId, {
            signsInSeconds: PUBLISHED_AHEAD_SECONDS,
            unlessWithinDays: SIGNING_KEY_DAYS,
            revokeOthers: false,
          }),
        );
      }
      return { tenants: aged.length, retired: await store.forgetRetired() };
    },
  };
}

export type SigningKeys = ReturnType<typeof createSigningKeys>;
