import { CVaultError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Secret } from '../secret.ts';
import type { TenantPrincipal, UserPrincipal } from '../access/principal.ts';
import type { AccessTokens } from '../access/ports.ts';
import { checkPassword, type PasswordHasher } from '../access/passwords.ts';
import { generateRefreshToken, hashOfRefreshToken } from '../access/refresh-tokens.ts';
import { normalizeEmail } from './email.ts';
import type { UserStore } from './ports.ts';
import type { User } from './user.ts';

export interface Credentials {
  readonly email: string;
  readonly password: Secret<string>;
}

/** What a client acts with until it signs out. */
export interface Tokens {
  readonly accessToken: Secret<string>;
  readonly refreshToken: Secret<string>;
  /** Seconds that the access token lasts. */
  readonly expiresIn: number;
}

export interface UserServiceDeps {
  readonly users: UserStore;
  readonly passwords: PasswordHasher;
  readonly accessTokens: AccessTokens;
}

/** Signing up, in and out. */
export function createUserService({ users, passwords, accessTokens }: UserServiceDeps) {
  async function tokensFor(
    signIn: { tenantId: string; userId: string; signInId: string },
    refreshToken: Secret<string>,
  ): Promise<Tokens> {
    const accessToken = await accessTokens.issue(signIn);
    return { accessToken, refreshToken, expiresIn: accessTokens.lifetimeSeconds };
  }

  return {
    /** @throws CVaultError `invalid_request`, `email_taken`, `unavailable` */
    async register(
      { tenantId, policy, key: { mode } }: TenantPrincipal,
      { email, password }: Credentials,
    ): Promise<{ user: User; tokens: Tokens }> {
      checkPassword(password.reveal(), policy.passwordLengthMin);
      const [userId, signInId] = [newId(), newId()];
      const { token, hash } = generateRefreshToken();
      const user = await users.register(
        {
          id: userId,
          tenantId,
          mode,
          email: normalizeEmail(email),
          passwordHash: await passwords.hash(password),
        },
        { id: signInId, tenantId, userId, refreshTokenHash: hash },
      );
      return { user, tokens: await tokensFor({ tenantId, userId, signInId }, token) };
    },

    /**
     * The answer, and the time that it takes, are the same for a wrong password and for a user that does not exist.
     * @throws CVaultError `invalid_credentials`, `unavailable`
     */
    async login(
      { tenantId, key: { mode } }: TenantPrincipal,
      { email, password }: Credentials,
    ): Promise<{ user: User; tokens: Tokens }> {
      const user = await users.findByEmail(tenantId, mode, normalizeEmail(email));
      const { matches, outdated } = await passwords.verify(password, user?.passwordHash ?? null);
      if (user === null || !matches)
        throw new CVaultError('invalid_credentials', 'E-mail or password is wrong.');
      if (outdated) {
        await users.replacePasswordHash(user.id, tenantId, user.passwordHash, await passwords.hash(password));
      }
      const signInId = newId();
      const { token, hash } = generateRefreshToken();
      await users.openSignIn({ id: signInId, tenantId, userId: user.id, refreshTokenHash: hash });
      return { user, tokens: await tokensFor({ tenantId, userId: user.id, signInId }, token) };
    },

    /**
     * Gives new tokens for a refresh token, which is used up by it. One that was used before is a stolen one, or its
     * thief's: which of both comes cannot be told, so the whole sign-in ends (RFC 9700 section 4.14.2).
     * @throws CVaultError `invalid_refresh_token`
     */
    async refresh(
      { tenantId, key: { mode } }: TenantPrincipal,
      refreshToken: Secret<string>,
    ): Promise<Tokens> {
      const usedHash = hashOfRefreshToken(refreshToken.reveal());
      const { token, hash } = generateRefreshToken();
      const signIn = usedHash === null ? null : await users.rotate(tenantId, mode, usedHash, hash);
      if (signIn === null) throw new CVaultError('invalid_refresh_token', 'The refresh token is not valid.');
      return tokensFor({ tenantId, ...signIn }, token);
    },

    /** Ends the sign-in: its refresh tokens and its access tokens with it, at once. */
    async logout({ tenantId, signInId }: UserPrincipal): Promise<void> {
      await users.closeSignIn(tenantId, signInId);
    },
  };
}

export type UserService = ReturnType<typeof createUserService>;
