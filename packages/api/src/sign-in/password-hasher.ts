import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Secret } from '../platform/crypto/secret.ts';
import { CVaultError } from '../platform/errors.ts';
import { FairQueue, type FairQueueLimits } from '../platform/limits/fair-queue.ts';
import { normalizePassword, type PasswordHasher } from './passwords.ts';
import { hash as bcryptHash, verify as bcryptVerify } from '@node-rs/bcrypt';
import { HASHES_WAITING } from '../platform/limits/limits.ts';

/** Suffix of bcrypt's text (algorithm, cost, salt) that names the preparation of the password. */
const PREPARED = '$hs384';

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * bcrypt reads at most 72 bytes and stops at NUL, so passwords are first hashed to 64 characters. The HMAC label
 * keeps unsalted hashes from foreign leaks from being tried against ours. SHA-384 resists length extension, and its
 * base64 needs no padding.
 */
function prepare(password: Secret<string>): string {
  return createHmac('sha384', 'cvault password')
    .update(normalizePassword(password.reveal()))
    .digest('base64');
}

/** bcrypt's share of libuv's pool of four threads. File access, DNS and token signing need the others. */
const THREADS = Math.max(1, Math.min(2, availableParallelism()));

const tooMany = () =>
  new CVaultError(
    'unavailable',
    'Too many sign-ins are under way. Wait as many seconds as Retry-After says.',
    { retryAfterSeconds: 2 },
  );

/**
 * Hashes passwords with bcrypt.
 * @param cost logarithmic
 */
export function createPasswordHasher(
  cost: number,
  limits: FairQueueLimits = { running: THREADS, waiting: HASHES_WAITING },
): PasswordHasher {
  const queue = new FairQueue(limits, tooMany);
  // A hash of no password, which costs as much to verify as a real one. Its last character encodes four bits of the
  // 23 bytes, so its two lowest bits must be 0. An invalid text is refused in 3 ms instead of 300, which would
  // reveal that the user does not exist.
  const nobody = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(22)}${'N'.repeat(30)}O`;
  return {
    async hash(tenantId, password) {
      const prepared = prepare(password);
      return (await queue.run(tenantId, () => bcryptHash(prepared, { cost }))) + PREPARED;
    },

    async verify(tenantId, password, hash) {
      const isPrepared = hash?.endsWith(PREPARED) ?? true;
      const bcrypt = hash === null ? nobody : isPrepared ? hash.slice(0, -PREPARED.length) : hash;
      const text = isPrepared ? prepare(password) : password.reveal();
      const matches = (await queue.run(tenantId, () => bcryptVerify(text, bcrypt))) && hash !== null;
      return { matches, outdated: matches && (!isPrepared || Number(BCRYPT.exec(bcrypt)?.[1]) < cost) };
    },
  };
}
