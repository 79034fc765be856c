import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { notFound } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { SealedColumn, Vault } from '../platform/crypto/vault.ts';
import { FifoCache } from '../platform/access/fifo-cache.ts';

/**
 * A new key is published this long before it signs: longer than anybody keeps the published keys, ours in other processes
 * included, so that no token comes whose key its verifier does not have.
 */
const PUBLISHED_AHEAD_SECONDS = 600;
/** How long others may keep the published keys. */
export const PUBLISHED_KEYS_MAX_AGE_SECONDS = 300;
/** How long an access token lasts. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** A key stays published this long after its successor signs: until its last token has expired, and clocks differ. */
export const RETIRED_AFTER_SECONDS = ACCESS_TOKEN_SECONDS + 300;
/** Keys that sign for longer are replaced. */
export const SIGNING_KEY_DAYS = 30;

/** How late this process may learn that a key was revoked. */
const FRESH_MS = 30_000;
/** A token whose key is not known makes this process read the keys again, but not more often: forged ones name any. */
const READ_AGAIN_MS = 1_000;
const TENANTS_MAX = 10_000;

function signingKeyColumn(tenantId: string, keyId: string): SealedColumn {
  return { owner: tenantId, row: keyId, column: 'signing_keys.private_key' };
}

/** A key pair of one tenant, on the curve P-256. */
export interface StoredSigningKey {
  readonly id: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** PKCS #8, DER, sealed for `signingKeyColumn`. */
  readonly sealedPrivateKey: Buffer;
  /** It signs from then on, until a later one does. */
  readonly signsFrom: Date;
}

export interface AddedKey {
  /** 0: at once. */
  readonly signsInSeconds: number;
  /** Nothing is added where the tenant has a key that was made within as many days; null for any age. */
  readonly unlessWithinDays: number | null;
  /** Deletes all others: what they signed is refused. */
  readonly revokeOthers: boolean;
}

export interface SigningKeyStore {
  /** In the order in which they sign; null where there is no such tenant. */
  list(tenantId: string): Promise<readonly StoredSigningKey[] | null>;
  /**
   * Of several at once, one adds where `unlessWithinDays` says so.
   * @throws CVaultError `not_found` where there is no such tenant
   */
  add(tenantId: string, key: Omit<StoredSigningKey, 'signsFrom'>, how: AddedKey): Promise<void>;
  /** Tenants whose newest key is older than `SIGNING_KEY_DAYS`. */
  aged(): Promise<readonly string[]>;
  /** Deletes keys whose successor has been signing for `RETIRED_AFTER_SECONDS`; answers how many. */
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
 * The keys that tenants' access tokens are signed with. Each tenant has its own, so that what is signed for one can never
 * be verified as another's. Remembered for a while in each process.
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
     * The key that signs now. A tenant gets its first one here.
     * @throws CVaultError `not_found` where there is no such tenant
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

    /** Whether this process has lately seen that the key is the tenant's. */
    vouches: (tenantId: string, id: string): boolean =>
      known(tenantId, FRESH_MS)?.keys.some((key) => key.id === id) ?? false,

    /** The tenant's public key of this id; null where it has none such (any more). */
    async verifying(tenantId: string, id: string): Promise<KeyObject | null> {
      const isIt = (key: KnownKey) => key.id === id;
      const found = known(tenantId, FRESH_MS)?.keys.find(isIt);
      if (found !== undefined) return found.publicKey;
      if (known(tenantId, READ_AGAIN_MS) !== null) return null;
      return (await read(tenantId))?.keys.find(isIt)?.publicKey ?? null;
    },

    /**
     * What verifies the tenant's tokens, now and for the next while.
     * @throws CVaultError `not_found` where there is no such tenant
     */
    async published(tenantId: string): Promise<readonly { readonly id: string; readonly key: KeyObject }[]> {
      const found = known(tenantId, FRESH_MS) ?? (await read(tenantId));
      if (found === null) throw notFound('tenant');
      return found.keys.map(({ id, publicKey }) => ({ id, key: publicKey }));
    },

    /**
     * A new key: published at once, signing when everybody can know it. Where the others are revoked, because somebody may
     * have them, it signs at once, and what they signed is refused within 30 s.
     * @throws CVaultError `not_found` where there is no such tenant
     */
    async rotate(tenantId: string, { revokeOthers }: { readonly revokeOthers: boolean }): Promise<void> {
      const signsInSeconds = revokeOthers ? 0 : PUBLISHED_AHEAD_SECONDS;
      await add(tenantId, { signsInSeconds, unlessWithinDays: null, revokeOthers });
      await read(tenantId);
    },

    /** Replaces keys by age and deletes those that are of no use any more. Call it from time to time. */
    async renew(items: Items): Promise<void> {
      for (const tenantId of await store.aged()) {
        await items.attempt(tenantId, () =>
          add(tenantId, {
            signsInSeconds: PUBLISHED_AHEAD_SECONDS,
            unlessWithinDays: SIGNING_KEY_DAYS,
            revokeOthers: false,
          }),
        );
      }
      await store.forgetRetired();
    },
  };
}

export type SigningKeys = ReturnType<typeof createSigningKeys>;
