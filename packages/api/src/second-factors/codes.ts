import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { CVaultError, userSuspended } from '../platform/errors.ts';
import type { SealedColumn, Vault } from '../platform/crypto/vault.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { hashCredential } from '../platform/access/api-key.ts';
import type { ProvenUser } from '../platform/access/principal.ts';
import type { GuessGuard, Guesser } from '../sign-in/index.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';

/** The time to enter the second factor after the password. */
export const CHALLENGE_SECONDS = 300;

const RECOVERY_CODES = 10;
/** 80 bits: cannot be guessed, even from a copy of the database. */
const RECOVERY_CODE_BYTES = 10;
const RECOVERY_CODE_SHAPE = /^[0-9a-f]{20}$/;
const TOTP_SHAPE = /^\d{6}$/;

const CHALLENGE_SHAPE = /^cv_ch_[A-Za-z0-9_-]{43}$/;

function totpColumn(tenantId: string, userId: string): SealedColumn {
  return { owner: tenantId, row: userId, column: 'second_factors.secret' };
}

/** Codes that change every 30 s (RFC 6238). */
export interface TotpCodes {
  newSecret(): Secret<Buffer>;
  /** The secret for authenticator apps: as text, and as the URI of a QR code. */
  describe(
    secret: Secret<Buffer>,
    account: string,
    issuer: string,
  ): { readonly secret: Secret<string>; readonly uri: Secret<string> };
  /** The time step of a correct code, at most one step from now; null if the code is wrong. */
  stepOf(secret: Secret<Buffer>, code: string, now: Date): number | null;
}

export interface StoredSecondFactor {
  readonly sealedSecret: Buffer;
  /** True once a first code has shown that the user's app has the secret. */
  readonly confirmed: boolean;
  readonly recoveryCodesLeft: number;
}

export interface SecondFactorStore {
  /** Null if the user has none. */
  find(tenantId: string, userId: string): Promise<StoredSecondFactor | null>;
  /**
   * Starts an enrolment, or starts it again. Returns false if the user has a confirmed one, or their credentials
   * have ended.
   */
  begin(user: ProvenUser, sealedSecret: Buffer): Promise<boolean>;
  /**
   * Ends what setting up a second factor ends, and returns the user with the new epoch. Null if no enrolment waits,
   * if the step was used, or if the user's credentials have ended.
   */
  confirm(
    user: ProvenUser,
    step: number,
    recoveryHashes: readonly Buffer[],
    keptSignInId: string | null,
  ): Promise<ProvenUser | null>;
  /** Uses a time step. Of concurrent calls with one code, one succeeds; earlier steps no longer do. */
  useStep(tenantId: string, userId: string, step: number): Promise<boolean>;
  /** Uses a recovery code; of concurrent calls, one succeeds. */
  useRecoveryCode(tenantId: string, userId: string, hash: Buffer): Promise<boolean>;
  /** Ends what the removal ends. Returns false if there was none, or the user's credentials have ended. */
  remove(user: ProvenUser, keptSignInId: string): Promise<boolean>;
  /** For a user who lost it; ends what a reset ends. Returns false if there was none. */
  reset(scope: TenantScope, userId: string): Promise<boolean>;
  /** Returns false if the user's credentials have ended since they were proven, or the user is no longer active. */
  openChallenge(user: ProvenUser, hash: Buffer): Promise<boolean>;
  /** The challenge's user; null if there is no such challenge in this mode. */
  findChallenge(scope: TenantScope, hash: Buffer): Promise<ChallengedUser | 'suspended' | null>;
  /** Uses a challenge; of concurrent calls, one succeeds. */
  useChallenge(tenantId: string, hash: Buffer): Promise<boolean>;
}

export interface ChallengedUser extends ProvenUser {
  readonly email: string;
}

/** Given for a correct password if a second factor is required. Grants nothing else. */
export interface Challenge {
  readonly token: Secret<string>;
  readonly expiresIn: number;
  /** False: the user has to set up a second factor first. */
  readonly enrolled: boolean;
}

export interface SecondFactorDeps {
  readonly store: SecondFactorStore;
  readonly codes: TotpCodes;
  readonly guesses: GuessGuard;
  readonly vault: Vault;
  readonly clock: Clock;
}

const invalidCode = () => new CVaultError('invalid_code', 'The code is wrong, or was used before.');
export const invalidChallenge = (): CVaultError =>
  new CVaultError('invalid_challenge', 'The challenge was used before, has ended or has expired.');

/** Removes the separators that people copy along. */
const bare = (code: string) => code.replace(/[\s-]/g, '').toLowerCase();

/** `a1b2c-d3e4f-…` */
function newRecoveryCode(): Secret<string> {
  const text = randomBytes(RECOVERY_CODE_BYTES).toString('hex');
  return new Secret(text.match(/.{5}/g)!.join('-'));
}

const hashOfChallenge = (token: Secret<string>): Buffer | null =>
  CHALLENGE_SHAPE.test(token.reveal()) ? hashCredential(token.reveal()) : null;

/** Second factors: codes of an authenticator app, and recovery codes in case it is lost. */
export function createSecondFactors({ store, codes, guesses, vault, clock }: SecondFactorDeps) {
  const open = (tenantId: string, userId: string, { sealedSecret }: StoredSecondFactor) =>
    vault.open(totpColumn(tenantId, userId), sealedSecret);

  async function use(tenantId: string, userId: string, code: string): Promise<true | null> {
    if (RECOVERY_CODE_SHAPE.test(code)) {
      return (await store.useRecoveryCode(tenantId, userId, hashCredential(code))) ? true : null;
    }
    const factor = TOTP_SHAPE.test(code) ? await store.find(tenantId, userId) : null;
    if (factor?.confirmed !== true) return null;
    const step = codes.stepOf(open(tenantId, userId, factor), code, clock.now());
    return step !== null && (await store.useStep(tenantId, userId, step)) ? true : null;
  }

  return {
    async stateOf(
      tenantId: string,
      userId: string,
    ): Promise<{ readonly enrolled: boolean; readonly recoveryCodesLeft: number }> {
      const factor = await store.find(tenantId, userId);
      return factor?.confirmed === true
        ? { enrolled: true, recoveryCodesLeft: factor.recoveryCodesLeft }
        : { enrolled: false, recoveryCodesLeft: 0 };
    },

    /**
     * Starts an enrolment. The result goes into the user's app.
     * @throws CVaultError `state_conflict` if the user has a second factor
     */
    async begin(user: ProvenUser, account: string, issuer: string) {
      const secret = codes.newSecret();
      const sealed = vault.seal(totpColumn(user.tenantId, user.userId), secret.reveal());
      if (!(await store.begin(user, sealed))) {
        throw new CVaultError('state_conflict', 'There is a second factor already; remove it first.');
      }
      return codes.describe(secret, account, issuer);
    },

    /**
     * Confirms the enrolment with a first code. The recovery codes are returned only here.
     * @param keptSignInId the sign-in that stays open; null for none
     * @throws CVaultError `invalid_code`, `rate_limited`
     */
    async confirm(
      guesser: Guesser,
      user: ProvenUser,
      typed: string,
      keptSignInId: string | null,
    ): Promise<{ readonly user: ProvenUser; readonly recoveryCodes: readonly Secret<string>[] }> {
      const { tenantId, userId } = user;
      const recoveryCodes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
      const hashes = recoveryCodes.map((code) => hashCredential(bare(code.reveal())));
      const done = await guesses.code(guesser, userId, async () => {
        const factor = await store.find(tenantId, userId);
        if (factor === null || factor.confirmed) return null;
        const step = codes.stepOf(open(tenantId, userId, factor), bare(typed), clock.now());
        return step === null ? null : store.confirm(user, step, hashes, keptSignInId);
      });
      if (done === null) throw invalidCode();
      return { user: done, recoveryCodes };
    },

    /**
     * Uses a code of the app or a recovery code.
     * @throws CVaultError `invalid_code`, `rate_limited`
     */
    async use(guesser: Guesser, userId: string, typed: string): Promise<void> {
      const right = await guesses.code(guesser, userId, () => use(guesser.tenantId, userId, bare(typed)));
      if (right === null) throw invalidCode();
    },

    /** Returns whether there was one. */
    remove: (user: ProvenUser, keptSignInId: string): Promise<boolean> => store.remove(user, keptSignInId),
    reset: (scope: TenantScope, userId: string): Promise<boolean> => store.reset(scope, userId),

    /** Null if the user's credentials have ended since they were proven. */
    async challenge(user: ProvenUser, enrolled: boolean): Promise<Challenge | null> {
      const token = `cv_ch_${randomBytes(32).toString('base64url')}`;
      if (!(await store.openChallenge(user, hashCredential(token)))) return null;
      return { token: new Secret(token), expiresIn: CHALLENGE_SECONDS, enrolled };
    },

    /** @throws CVaultError `invalid_challenge`, `user_suspended` */
    async challenged(scope: TenantScope, token: Secret<string>): Promise<ChallengedUser> {
      const hash = hashOfChallenge(token);
      const found = hash === null ? null : await store.findChallenge(scope, hash);
      if (found === null) throw invalidChallenge();
      if (found === 'suspended') throw userSuspended();
      return found;
    },

    /** @throws CVaultError `invalid_challenge` if it was used meanwhile */
    async useChallenge(tenantId: string, token: Secret<string>): Promise<void> {
      const hash = hashOfChallenge(token);
      if (hash === null || !(await store.useChallenge(tenantId, hash))) throw invalidChallenge();
    },
  };
}

export type SecondFactors = ReturnType<typeof createSecondFactors>;
