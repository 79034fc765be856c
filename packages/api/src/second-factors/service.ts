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

/** The second step of signing in, and users' management of their second factor. */
export function createSecondFactorService({ factors, settings, signIns }: SecondFactorServiceDeps) {
  const issuer = async (tenantId: string) => (await settings.of(tenantId)).tenantName;

  return {
    /**
     * Signs in with a challenge and a correct code. If this sets up the second factor, the recovery codes are
     * returned, only here.
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
        // Confirming ends the challenge too, and succeeds only once.
        ({ user: proven, recoveryCodes } = await factors.confirm(guesser, challenged, code, null));
      }
      const tokens = await signIns.open(proven);
      if (tokens === null) throw invalidChallenge();
      return { user: { id: userId, email, tenantId }, tokens, recoveryCodes };
    },

    /**
     * Starts an enrolment for a user who cannot sign in without a second factor.
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
     * Ends all other sign-ins.
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
     * Requires a code, so that an unlocked device is not enough. Ends all other sign-ins.
     * @throws CVaultError `invalid_code`, `rate_limited`; `state_conflict` if the tenant requires a second factor
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
     * For a user who lost it, on behalf of the tenant's backend, which has identified the user. Ends all sign-ins.
     * @throws CVaultError `not_found`
     */
    async reset(principal: TenantPrincipal, userId: string): Promise<void> {
      if (!(await factors.reset(scopeOfKey(principal), userId))) throw notFound('second factor');
    },
  };
}

export type SecondFactorService = ReturnType<typeof createSecondFactorService>;
