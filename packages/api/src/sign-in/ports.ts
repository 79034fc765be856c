import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { ProvenUser } from '../platform/access/principal.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { User } from '../users/index.ts';

interface NewUser {
  readonly id: string;
  readonly tenantId: string;
  /** The mode of the API key that sees the user. */
  readonly mode: ApiKeyMode;
  readonly email: string;
  readonly passwordHash: string;
}

/** A user with the epoch under which their password was verified. */
export interface UserWithEpoch extends User {
  readonly credentialsEpoch: number;
}

export interface UserWithPassword extends UserWithEpoch {
  /** Null for users without a password. */
  readonly passwordHash: string | null;
  readonly emailVerified: boolean;
  readonly suspended: boolean;
}

/** The owner of an e-mail address. */
interface EmailHolder {
  /** Null if no such user exists or is being deleted. */
  readonly user: UserWithPassword | null;
  /** From the first sign-up that waits for the address to be confirmed; null if there is a user or no sign-up. */
  readonly signUpHash: string | null;
}

/** A sign-in and its first refresh token. */
interface NewSignIn {
  readonly id: string;
  readonly refreshTokenHash: Buffer;
}

/** An open sign-in. */
export interface SignIn {
  readonly id: string;
  readonly createdAt: Date;
  /** The last use of its refresh token. */
  readonly usedAt: Date;
  readonly expiresAt: Date;
}

/** Users' changes to their own accounts. */
export interface AccountStore {
  /** Null for users without a password. @throws CVaultError `not_found` if the user is gone */
  passwordHashOf(tenantId: string, userId: string): Promise<string | null>;
  /**
   * Replaces `oldHash` and ends what a password change ends. Returns false if the hash has changed, or the user's
   * credentials have ended.
   */
  changePassword(
    user: ProvenUser,
    oldHash: string | null,
    newHash: string,
    keptSignInId: string,
  ): Promise<boolean>;
  /** Newest first. */
  signInsOf(tenantId: string, userId: string): Promise<readonly SignIn[]>;
  /** Returns false if the user has no such open sign-in. */
  closeSignIn(tenantId: string, userId: string, signInId: string): Promise<boolean>;
  logoutEverywhere(tenantId: string, userId: string): Promise<void>;
}

/** Users, their sign-ins, and the refresh tokens of those. */
export interface UserStore {
  /** @throws CVaultError `email_taken` */
  register(user: NewUser): Promise<UserWithEpoch>;
  /** Does the same work whoever owns the address. */
  findByEmail(scope: TenantScope, email: string): Promise<EmailHolder>;
  /**
   * Opens a sign-in if the user is active and their credentials have not ended since they were proven. As this is
   * one statement, a concurrent ending either finds the sign-in or prevents it. Returns whether it was opened.
   */
  openSignIn(signIn: NewSignIn, user: ProvenUser): Promise<boolean>;
  /**
   * Opens a sign-in for an API key if the key is in force and the user is active. It ends when the key is revoked.
   */
  mintSignIn(
    signIn: NewSignIn,
    scope: TenantScope,
    userId: string,
    keyId: string,
  ): Promise<'opened' | 'suspended' | 'not_found' | 'key_ended'>;
  /** Does nothing if it has already ended. */
  closeSignIn(tenantId: string, signInId: string): Promise<void>;
  /**
   * Uses a refresh token and stores its successor in one statement: of concurrent calls, exactly one succeeds. Null
   * if the token is unusable. If it was used before, beyond the grace period, its sign-in is closed. A suspended
   * user's token is not used up.
   */
  rotate(
    tenantId: string,
    mode: ApiKeyMode,
    usedHash: Buffer,
    newHash: Buffer,
  ): Promise<{ userId: string; signInId: string } | 'suspended' | null>;
  /** Replaces `oldHash` by a stronger hash; does nothing if it has changed. */
  replacePasswordHash(
    userId: string,
    tenantId: string,
    oldHash: string | null,
    newHash: string,
  ): Promise<void>;
}
