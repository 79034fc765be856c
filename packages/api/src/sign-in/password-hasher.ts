import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Secret } from '../platform/crypto/secret.ts';
import { CVaultError } from '../platform/errors.ts';
import { FairQueue, type FairQueueLimits } from '../platform/limits/fair-queue.ts';
import { normalizePassword, type PasswordHasher } from './passwords.ts';
import { hash as bcryptHash, verify as bcryptVerify } from '@node-rs/bcrypt';

/** Says how the password was prepared: appended to bcrypt's own text, which says the algorithm, the cost and the salt. */
const PREPARED = '$hs384';

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * bcrypt reads 72 bytes and stops at a NUL, so a password is hashed to 64 characters first: every byte of it counts. A
 * hash of our own kind (HMAC with a label) and not a plain one, so that unsalted hashes from other people's leaks cannot
 * be tried against ours. SHA-384, because it has no shortcut for longer input and its base64 needs no padding.
 */
function prepare(password: Secret<string>): string {
  return createHmac('sha384', 'cvault password')
    .update(normalizePassword(password.reveal()))
    .digest('base64');
}

/**
 * Threads of libuv's pool of four that bcrypt may hold: file access, DNS and the signing of tokens need the same pool.
 */
const THREADS = Math.max(1, Math.min(2, availableParallelism()));

/** With 250 ms each on two threads, the last of them waits for 16 s. */
const LIMITS: FairQueueLimits = { running: THREADS, waiting: 128 };

const tooMany = () =>
  new CVaultError(
    'unavailable',
    'Too many sign-ins are under way. Wait as many seconds as Retry-After says.',
    { retryAfterSeconds: 2 },
  );

/**
 * Passwords as bcrypt hashes.
 * @param cost a power of two
 */
export function createPasswordHasher(cost: number, limits: FairQueueLimits = LIMITS): PasswordHasher {
  const queue = new FairQueue(limits, tooMany);
  // Made from no password: to verify against it costs as much as against a real one. Its last character holds four bits of the
  // 23 bytes, and its other two must be 0: a text that decodes to nothing is refused in 3 ms instead of 300, which tells
  // whoever measures it that there is no such user.
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
