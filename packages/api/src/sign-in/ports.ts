import type { ApiKeyMode } from '../platform/access/api-key.ts';
import type { ProvenUser } from '../platform/access/principal.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import type { User } from '../users/index.ts';

interface NewUser {
  readonly id: string;
  readonly tenantId: string;
  /** Of the API key that sees the user. */
  readonly mode: ApiKeyMode;
  readonly email: string;
  readonly passwordHash: string;
}

/** A user, and the epoch that a password which matches was proven under. */
export interface UserWithEpoch extends User {
  readonly credentialsEpoch: number;
}

export interface UserWithPassword extends UserWithEpoch {
  /** Null for users without a password. */
  readonly passwordHash: string | null;
  readonly emailVerified: boolean;
  readonly suspended: boolean;
}

/** Who has an e-mail address. */
interface EmailHolder {
  /** Null where there is none, or where it is being deleted. */
  readonly user: UserWithPassword | null;
  /** Of the first sign-up that waits for the address to be confirmed; null where there is a user, or no sign-up. */
  readonly signUpHash: string | null;
}

/** A sign-in and its first refresh token. */
interface NewSignIn {
  readonly id: string;
  readonly refreshTokenHash: Buffer;
}

/** A sign-in that has not ended. */
export interface SignIn {
  readonly id: string;
  readonly createdAt: Date;
  /** When its refresh token was used last. */
  readonly usedAt: Date;
  readonly expiresAt: Date;
}

/** What users do with their own account. */
export interface AccountStore {
  /** Null for users without a password. @throws CVaultError `not_found` where the user is gone */
  passwordHashOf(tenantId: string, userId: string): Promise<string | null>;
  /**
   * Puts a new hash in the place of `oldHash` and ends what a change of the password ends. Answers false where the hash was
   * changed in between, or the user's credentials have ended.
   */
  changePassword(
    user: ProvenUser,
    oldHash: string | null,
    newHash: string,
    keptSignInId: string,
  ): Promise<boolean>;
  /** Newest first. */
  signInsOf(tenantId: string, userId: string): Promise<readonly SignIn[]>;
  /** Answers false where the user has no such sign-in that is open. */
  closeSignIn(tenantId: string, userId: string, signInId: string): Promise<boolean>;
  logoutEverywhere(tenantId: string, userId: string): Promise<void>;
}

/** Users, their sign-ins, and the refresh tokens of these. */
export interface UserStore {
  /** @throws CVaultError `email_taken` */
  register(user: NewUser): Promise<UserWithEpoch>;
  /** The same work whoever has the address. */
  findByEmail(scope: TenantScope, email: string): Promise<EmailHolder>;
  /**
   * Opens a sign-in if the user is active and nothing has ended their credentials since they were proven, in one statement:
   * an ending that comes at the same moment either finds the sign-in or keeps it from opening. Answers whether it did.
   */
  openSignIn(signIn: NewSignIn, user: ProvenUser): Promise<boolean>;
  /**
   * Opens a sign-in on the word of an API key, if the key is still in force and the user is active. It ends when the key is
   * revoked.
   */
  mintSignIn(
    signIn: NewSignIn,
    scope: TenantScope,
    userId: string,
    keyId: string,
  ): Promise<'opened' | 'suspended' | 'not_found' | 'key_ended'>;
  /** Does nothing where it ended already. */
  closeSignIn(tenantId: string, signInId: string): Promise<void>;
  /**
   * Uses a refresh token up and writes its successor, in one statement: of many at once exactly one succeeds. Null where
   * it cannot be used. Where that is because it was used before, and not just now, its sign-in is closed. Of a suspended
   * user it is not used up.
   */
  rotate(
    tenantId: string,
    mode: ApiKeyMode,
    usedHash: Buffer,
    newHash: Buffer,
  ): Promise<{ userId: string; signInId: string } | 'suspended' | null>;
  /** Puts a stronger hash in the place of `oldHash`; does nothing where it was changed in between. */
  replacePasswordHash(
    userId: string,
    tenantId: string,
    oldHash: string | null,
    newHash: string,
  ): Promise<void>;
}
