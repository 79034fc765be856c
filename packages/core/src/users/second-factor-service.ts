import type { UserPrincipal, TenantPrincipal } from '../access/principal.ts';
import type { SecondFactors } from '../access/second-factors.ts';
import { scopeOfKey } from '../access/tenant-scope.ts';
import { CVaultError, notFound } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { SignInSettingsStore } from './sign-in-settings.ts';
import { guesserOf, type SignIns, type Tokens } from './sign-in.ts';

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
     * @throws CVaultError `invalid_challenge`, `invalid_code`, `rate_limited`
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
      const { userId, email } = await factors.challenged(scopeOfKey(principal), challenge);
      const guesser = guesserOf(principal, client);
      const { enrolled } = await factors.stateOf(tenantId, userId);
      let recoveryCodes: readonly Secret<string>[] | null = null;
      if (enrolled) await factors.use(guesser, userId, code);
      else recoveryCodes = await factors.confirm(guesser, userId, code);
      await factors.useChallenge(tenantId, challenge);
      const tokens = await signIns.open(tenantId, userId);
      return { user: { id: userId, email, tenantId }, tokens, recoveryCodes };
    },

    /**
     * Begins to set a second factor up for a user who cannot sign in without.
     * @throws CVaultError `invalid_challenge`, `state_conflict`
     */
    async beginWithChallenge(principal: TenantPrincipal, challenge: Secret<string>) {
      const { tenantId } = principal;
      const { userId, email } = await factors.challenged(scopeOfKey(principal), challenge);
      return factors.begin(tenantId, userId, email, await issuer(tenantId));
    },

    stateOf: ({ tenantId, userId }: UserPrincipal) => factors.stateOf(tenantId, userId),

    /** @throws CVaultError `state_conflict` */
    async begin({ tenantId, userId, email }: UserPrincipal) {
      return factors.begin(tenantId, userId, email, await issuer(tenantId));
    },

    /** @throws CVaultError `invalid_code`, `rate_limited` */
    confirm: (principal: UserPrincipal, code: string, client: string): Promise<readonly Secret<string>[]> =>
      factors.confirm(guesserOf(principal, client), principal.userId, code),

    /**
     * Needs a code, so that who finds a device unlocked cannot.
     * @throws CVaultError `invalid_code`, `rate_limited`, `state_conflict` where the tenant requires one
     */
    async remove(principal: UserPrincipal, code: string, client: string): Promise<void> {
      const { tenantId, userId } = principal;
      if ((await settings.of(tenantId)).secondFactorRequired) {
        throw new CVaultError('state_conflict', 'A second factor is required here.');
      }
      await factors.use(guesserOf(principal, client), userId, code);
      await factors.remove(tenantId, userId);
    },

    /**
     * For a user who has lost it, by the tenant's backend, which knows whom it talks to.
     * @throws CVaultError `not_found`
     */
    async reset(principal: TenantPrincipal, userId: string): Promise<void> {
      if (!(await factors.reset(scopeOfKey(principal), userId))) throw notFound('second factor');
    },
  };
}

export type SecondFactorService = ReturnType<typeof createSecondFactorService>;
