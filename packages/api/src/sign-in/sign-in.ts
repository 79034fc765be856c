import type { Guesser } from './guesses.ts';
import type { ProvenUser } from '../platform/access/principal.ts';
import type { AccessTokens } from '../platform/access/ports.ts';
import type { TenantPrincipal } from '../platform/access/principal.ts';
import { generateRefreshToken } from './refresh-tokens.ts';
import { invalidApiKey } from '../platform/access/authenticator.ts';
import { scopeOfKey } from '../platform/access/tenant-scope.ts';
import { notFound, userSuspended } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type { UserStore } from './ports.ts';
import { WRONG_OF_CLIENT } from '../platform/limits/limits.ts';

/** A client's tokens until it signs out. */
export interface Tokens {
  readonly accessToken: Secret<string>;
  readonly refreshToken: Secret<string>;
  /** The lifetime of the access token in seconds. */
  readonly expiresIn: number;
}

export interface SignInDeps {
  readonly users: Pick<UserStore, 'openSignIn' | 'mintSignIn'>;
  readonly accessTokens: AccessTokens;
}

/** Issues tokens to users who have proven their identity in any way. */
export function createSignIns({ users, accessTokens }: SignInDeps) {
  async function tokensFor(
    signIn: { readonly tenantId: string; readonly userId: string; readonly signInId: string },
    refreshToken: Secret<string>,
  ): Promise<Tokens> {
    const accessToken = await accessTokens.issue(signIn);
    return { accessToken, refreshToken, expiresIn: accessTokens.lifetimeSeconds };
  }

  return {
    /** Tokens for an open sign-in. */
    tokensFor,

    /** Null if the user's credentials have ended since they were proven, or the user is no longer active. */
    async open(user: ProvenUser): Promise<Tokens | null> {
      const { tenantId, userId } = user;
      const signInId = newId();
      const { token, hash } = generateRefreshToken();
      if (!(await users.openSignIn({ id: signInId, refreshTokenHash: hash }, user))) return null;
      return tokensFor({ tenantId, userId, signInId }, token);
    },

    /**
     * Signs a user in on behalf of the tenant's backend.
     * @throws CVaultError `not_found`, `user_suspended`; `invalid_api_key` if the key was revoked meanwhile
     */
    async mint(principal: TenantPrincipal, userId: string): Promise<Tokens> {
      const { tenantId, key } = principal;
      const signInId = newId();
      const { token, hash } = generateRefreshToken();
      const signIn = { id: signInId, refreshTokenHash: hash };
      switch (await users.mintSignIn(signIn, scopeOfKey(principal), userId, key.id)) {
        case 'key_ended':
          throw invalidApiKey();
        case 'not_found':
          throw notFound('user');
        case 'suspended':
          throw userSuspended();
        case 'opened':
          return tokensFor({ tenantId, userId, signInId }, token);
      }
    },
  };
}

export type SignIns = ReturnType<typeof createSignIns>;

/** The sender of a request, for counting wrong tries. */
export function guesserOf(
  principal: Pick<TenantPrincipal, 'tenantId' | 'key' | 'policy'>,
  client: string,
): Guesser {
  const burst = Math.max(WRONG_OF_CLIENT.least, principal.policy.authRateLimit);
  return {
    ...scopeOfKey(principal),
    client,
    clientRate: { burst, everySeconds: WRONG_OF_CLIENT.windowSeconds / burst },
  };
}
