import type { Guesser } from '../access/guesses.ts';
import type { AccessTokens } from '../access/ports.ts';
import type { TenantPrincipal } from '../access/principal.ts';
import { generateRefreshToken } from '../access/refresh-tokens.ts';
import { scopeOfKey } from '../access/tenant-scope.ts';
import { newId } from '../ids.ts';
import type { Secret } from '../secret.ts';
import type { UserStore } from './ports.ts';

/** What a client acts with until it signs out. */
export interface Tokens {
  readonly accessToken: Secret<string>;
  readonly refreshToken: Secret<string>;
  /** Seconds that the access token lasts. */
  readonly expiresIn: number;
}

export interface SignInDeps {
  readonly users: Pick<UserStore, 'openSignIn'>;
  readonly accessTokens: AccessTokens;
}

/** Gives tokens to who has proven who they are; however they did. */
export function createSignIns({ users, accessTokens }: SignInDeps) {
  async function tokensFor(
    signIn: { readonly tenantId: string; readonly userId: string; readonly signInId: string },
    refreshToken: Secret<string>,
  ): Promise<Tokens> {
    const accessToken = await accessTokens.issue(signIn);
    return { accessToken, refreshToken, expiresIn: accessTokens.lifetimeSeconds };
  }

  return {
    /** The tokens of a sign-in that is open. */
    tokensFor,

    /** Opens a sign-in. */
    async open(tenantId: string, userId: string): Promise<Tokens> {
      const signInId = newId();
      const { token, hash } = generateRefreshToken();
      await users.openSignIn({ id: signInId, tenantId, userId, refreshTokenHash: hash });
      return tokensFor({ tenantId, userId, signInId }, token);
    },
  };
}

export type SignIns = ReturnType<typeof createSignIns>;

/** Wrong passwords that one client may send in a quarter of an hour, whatever the accounts; more where a tenant says so. */
const WRONG_OF_CLIENT_MIN = 100;
const QUARTER_HOUR_SECONDS = 900;

/** Who sends a request, as wrong tries are counted. */
export function guesserOf(
  principal: Pick<TenantPrincipal, 'tenantId' | 'key' | 'policy'>,
  client: string,
): Guesser {
  const burst = Math.max(WRONG_OF_CLIENT_MIN, principal.policy.authRateLimit);
  return {
    ...scopeOfKey(principal),
    client,
    clientRate: { burst, everySeconds: QUARTER_HOUR_SECONDS / burst },
  };
}
