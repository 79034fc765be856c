import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { createVault } from '../platform/crypto/vault.ts';
import {
  createSigningKeys,
  type SigningKeyStore,
  type StoredSigningKey,
} from '../signing-keys/signing-keys.ts';

/** An in-memory key store in which every tenant exists. */
export function signingKeysInMemory(clock: Clock) {
  const tenants = new Map<string, (StoredSigningKey & { readonly madeAt: number })[]>();
  let reads = 0;
  const of = (tenantId: string) => tenants.get(tenantId) ?? [];
  const store: SigningKeyStore = {
    list(tenantId) {
      reads++;
      return Promise.resolve(of(tenantId));
    },
    add(tenantId, key, { signsInSeconds, unlessWithinDays, revokeOthers }) {
      const madeAt = clock.now().getTime();
      const young = (unlessWithinDays ?? 0) * 86_400_000;
      if (of(tenantId).some((each) => each.madeAt > madeAt - young)) return Promise.resolve();
      const signsFrom = new Date(madeAt + signsInSeconds * 1_000);
      tenants.set(tenantId, [...(revokeOthers ? [] : of(tenantId)), { ...key, signsFrom, madeAt }]);
      return Promise.resolve();
    },
    aged: () => Promise.resolve([]),
    forgetRetired: () => Promise.resolve(0),
  };
  const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
  return { keys: createSigningKeys({ store, vault, clock }), reads: () => reads };
}
