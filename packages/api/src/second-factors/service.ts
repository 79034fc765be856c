import type { ProvenUser } from '../platform/access/principal.ts';
import type { UserPrincipal, TenantPrincipal } from '../platform/access/principal.ts';
import { invalidChallenge, type SecondFactors } from './codes.ts';
import { scopeOfKey } from '../platform/access/tenant-scope.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import { type SignInSettingsStore, type SignIns, type Tokens, guesserOf } from '../sign-in/index.ts';

export interface SecondFactorServiceDeps {
  readonly factors: SecondFactors;
  readonly settings: SignInSettingsStore;
  readonly signIns: SignIns;
}

/** The second half of signing in, and what users do with their second factor. */
export function createSecondFactorService({ factors, settings, signIns }: SecondFactorServiceDeps) {
  const issuer = async (tenantId: string) => (await settings.of(tenantId)).tenantName;

  return {
    /**
     * Signs in whoever has the challenge and a right code. Where the user sets a second factor up with it, the recovery
     * codes come too, and never again.
     * @throws CVaultError `invalid_challenge`, `invalid_code`, `user_suspended`, `rate_limited`
     */
    async signIn(
      principal: TenantPrincipal,
      challenge: Secret<string>,
      code: string,
      client: string,
    ): Promise<{
      user: { id: string; email: string; tenantId: string };
      tokens: Tokens;
      recoveryCodes: readonly Secret<string>[] | null;
    }> {
      const { tenantId } = principal;
      const challenged = await factors.challenged(scopeOfKey(principal), challenge);
      const { userId, email } = challenged;
      const guesser = guesserOf(principal, client);
      const { enrolled } = await factors.stateOf(tenantId, userId);
      let proven: ProvenUser = challenged;
      let recoveryCodes: readonly Secret<string>[] | null = null;
      if (enrolled) {
        await factors.use(guesser, userId, code);
        await factors.useChallenge(tenantId, challenge);
      } else {
        // Ends this challenge, too; it is done once, so the challenge is used once.
        ({ user: proven, recoveryCodes } = await factors.confirm(guesser, challenged, code, null));
      }
      const tokens = await signIns.open(proven);
      if (tokens === null) throw invalidChallenge();
      return { user: { id: userId, email, tenantId }, tokens, recoveryCodes };
    },

    /**
     * Begins to set a second factor up for a user who cannot sign in without.
     * @throws CVaultError `invalid_challenge`, `state_conflict`
     */
    async beginWithChallenge(principal: TenantPrincipal, challenge: Secret<string>) {
      const user = await factors.challenged(scopeOfKey(principal), challenge);
      return factors.begin(user, user.email, await issuer(user.tenantId));
    },

    stateOf: ({ tenantId, userId }: UserPrincipal) => factors.stateOf(tenantId, userId),

    /** @throws CVaultError `state_conflict` */
    async begin(principal: UserPrincipal) {
      return factors.begin(principal, principal.email, await issuer(principal.tenantId));
    },

    /**
     * All other sign-ins end with it.
     * @throws CVaultError `invalid_code`, `rate_limited`
     */
    async confirm(
      principal: UserPrincipal,
      code: string,
      client: string,
    ): Promise<readonly Secret<string>[]> {
      const guesser = guesserOf(principal, client);
      return (await factors.confirm(guesser, principal, code, principal.signInId)).recoveryCodes;
    },

    /**
     * Needs a code, so that who finds a device unlocked cannot. All other sign-ins end with it.
     * @throws CVaultError `invalid_code`, `rate_limited`, `state_conflict` where the tenant requires one
     */
    async remove(principal: UserPrincipal, code: string, client: string): Promise<void> {
      const { tenantId, userId } = principal;
      if ((await settings.of(tenantId)).secondFactorRequired) {
        throw new CVaultError('state_conflict', 'The tenant requires a second factor: it cannot be removed.');
      }
      await factors.use(guesserOf(principal, client), userId, code);
      await factors.remove(principal, principal.signInId);
    },

    /**
     * For a user who has lost it, by the tenant's backend, which knows whom it talks to. All sign-ins end with it.
     * @throws CVaultError `not_found`
     */
    async reset(principal: TenantPrincipal, userId: string): Promise<void> {
      if (!(await factors.reset(scopeOfKey(principal), userId))) throw notFound('second factor');
    },
  };
}

export type SecondFactorService = ReturnType<typeof createSecondFactorService>;
