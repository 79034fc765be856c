import { CVaultError, userSuspended } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { MailQueue } from '../mail/index.ts';
import type { Secret } from '../platform/crypto/secret.ts';
import type { TenantPrincipal, UserPrincipal } from '../platform/access/principal.ts';
import type { GuessGuard } from './guesses.ts';
import { checkPassword, type CommonPasswords, type PasswordHasher } from './passwords.ts';
import { generateRefreshToken, hashOfRefreshToken } from './refresh-tokens.ts';
import type { Challenge, SecondFactors } from '../second-factors/index.ts';
import { scopeOfKey, type TenantScope } from '../platform/access/tenant-scope.ts';
import type { UserStore, UserWithEpoch, UserWithPassword } from './ports.ts';
import { guesserOf, type SignIns, type Tokens } from './sign-in.ts';
import { passwordLengthMin, type SignInSettings, type SignInSettingsStore } from './settings.ts';
import type { User } from '../users/index.ts';

export interface Credentials {
  /** Canonical, as `readEmail` returns it. */
  readonly email: string;
  readonly password: Secret<string>;
}

/** The result of a correct password. */
export type Entered =
  | { readonly outcome: 'signed_in'; readonly user: User; readonly tokens: Tokens }
  | { readonly outcome: 'challenged'; readonly challenge: Challenge };

/** The result of a sign-up. */
export type SignedUp = Entered | { readonly outcome: 'verification_sent' };

export interface UserServiceDeps {
  readonly users: UserStore;
  readonly passwords: PasswordHasher;
  readonly common: CommonPasswords;
  readonly guesses: GuessGuard;
  readonly signIns: SignIns;
  readonly settings: SignInSettingsStore;
  readonly factors: SecondFactors;
  readonly post: MailQueue;
}

const invalidCredentials = () => new CVaultError('invalid_credentials', 'E-mail or password is wrong.');

/** Signing up, in and out. */
export function createUserService(deps: UserServiceDeps) {
  const { users, passwords, common, guesses, signIns, settings, factors, post } = deps;

  /**
   * Null if the user does not exist or the password is wrong; the time does not reveal which. `unconfirmed`: the
   * password belongs to a sign-up whose address is not confirmed yet.
   */
  async function findByPassword(
    scope: TenantScope,
    { email, password }: Credentials,
  ): Promise<UserWithPassword | 'unconfirmed' | null> {
    const { user, signUpHash } = await users.findByEmail(scope, email);
    const { matches, outdated } = await passwords.verify(
      scope.tenantId,
      password,
      user?.passwordHash ?? signUpHash,
    );
    if (!matches) return null;
    if (user === null) return 'unconfirmed';
    if (outdated) {
      const { tenantId } = scope;
      await users.replacePasswordHash(
        user.id,
        tenantId,
        user.passwordHash,
        await passwords.hash(tenantId, password),
      );
    }
    return user;
  }

  /**
   * Signs in a user whose password was verified, or asks for a second factor. Null if the credentials have ended
   * meanwhile.
   */
  async function entered(
    user: UserWithEpoch,
    { secondFactorRequired }: SignInSettings,
  ): Promise<Entered | null> {
    const { id: userId, tenantId, credentialsEpoch } = user;
    const proven = { tenantId, userId, credentialsEpoch };
    const { enrolled } = await factors.stateOf(tenantId, userId);
    if (enrolled || secondFactorRequired) {
      const challenge = await factors.challenge(proven, enrolled);
      return challenge === null ? null : { outcome: 'challenged', challenge };
    }
    const tokens = await signIns.open(proven);
    return tokens === null ? null : { outcome: 'signed_in', user, tokens };
  }

  return {
    /**
     * If the tenant requires verified e-mails, a sign-up changes nothing until the link in its mail is opened.
     * Answer and work are the same for a taken e-mail; only the mail reveals it.
     * @throws CVaultError `invalid_request`, `email_taken`, `mail_not_set_up`, `unavailable`
     */
    async register(
      { tenantId, policy, key: { mode } }: TenantPrincipal,
      { email, password }: Credentials,
    ): Promise<SignedUp> {
      const found = await settings.of(tenantId);
      const context = [email, found.tenantName];
      checkPassword(password.reveal(), { lengthMin: passwordLengthMin(policy, found), common, context });
      if (found.verifiedEmailRequired) await post.requireLinks(tenantId);
      const passwordHash = await passwords.hash(tenantId, password);
      if (found.verifiedEmailRequired) {
        await post.postSignUp({ tenantId, mode }, email, passwordHash);
        return { outcome: 'verification_sent' };
      }
      const registered = await users.register({ id: newId(), tenantId, mode, email, passwordHash });
      if (post.canLink(found)) await post.post({ tenantId, mode }, 'verify_email', email);
      const result = await entered(registered, found);
      if (result === null)
        throw new CVaultError(
          'state_conflict',
          'The user was changed at the same time. Send the request again.',
        );
      return result;
    },

    /**
     * Answer and time are the same for a wrong password and an unknown user, even after too many tries.
     * @param client the client address, as rate limits count it
     * @throws CVaultError `invalid_credentials`, `email_not_verified`, `user_suspended`, `rate_limited`,
     * `unavailable`
     */
    async login(principal: TenantPrincipal, credentials: Credentials, client: string): Promise<Entered> {
      const scope = scopeOfKey(principal);
      const user = await guesses.password(guesserOf(principal, client), credentials.email, () =>
        findByPassword(scope, credentials),
      );
      if (user === null) throw invalidCredentials();
      if (user !== 'unconfirmed' && user.suspended) throw userSuspended();
      const found = await settings.of(scope.tenantId);
      if (user === 'unconfirmed' || (found.verifiedEmailRequired && !user.emailVerified)) {
        throw new CVaultError('email_not_verified', 'The e-mail address has to be confirmed first.');
      }
      const result = await entered(user, found);
      // The password was changed or the user deleted meanwhile.
      if (result === null) throw invalidCredentials();
      return result;
    },

    /**
     * Exchanges a refresh token for new tokens. A reused token means theft, by this client or another; since that
     * cannot be decided, the whole sign-in ends (RFC 9700 section 4.14.2).
     * @throws CVaultError `invalid_refresh_token`, `user_suspended`
     */
    async refresh(
      { tenantId, key: { mode } }: TenantPrincipal,
      refreshToken: Secret<string>,
    ): Promise<Tokens> {
      const usedHash = hashOfRefreshToken(refreshToken.reveal());
      const { token, hash } = generateRefreshToken();
      const signIn = usedHash === null ? null : await users.rotate(tenantId, mode, usedHash, hash);
      if (signIn === 'suspended') throw userSuspended();
      if (signIn === null) throw new CVaultError('invalid_refresh_token', 'The refresh token is not valid.');
      return signIns.tokensFor({ tenantId, ...signIn }, token);
    },

    /** Ends the sign-in and its tokens at once. */
    async logout({ tenantId, signInId }: UserPrincipal): Promise<void> {
      await users.closeSignIn(tenantId, signInId);
    },
  };
}

export type UserService = ReturnType<typeof createUserService>;
