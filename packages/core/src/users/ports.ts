import type { ApiKeyMode } from '../access/api-keys.ts';
import type { User } from './user.ts';

export interface NewUser {
  readonly id: string;
  readonly tenantId: string;
  /** Of the API key that sees the user. */
  readonly mode: ApiKeyMode;
  readonly email: string;
  readonly passwordHash: string;
}

export interface UserWithPassword extends User {
  /** Null for users without a password. */
  readonly passwordHash: string | null;
  readonly emailVerified: boolean;
}

/** A sign-in and its first refresh token. */
export interface NewSignIn {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
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
   * Puts a new hash in the place of `oldHash` and closes all of the user's sign-ins but one, together. Answers false where
   * the hash was changed in between.
   */
  changePassword(
    tenantId: string,
    userId: string,
    oldHash: string | null,
    newHash: string,
    exceptSignInId: string,
  ): Promise<boolean>;
  /** Newest first. */
  signInsOf(tenantId: string, userId: string): Promise<readonly SignIn[]>;
  /** Answers false where the user has no such sign-in that is open. */
  closeSignIn(tenantId: string, userId: string, signInId: string): Promise<boolean>;
  /** @param exceptSignInId null for all */
  closeSignIns(tenantId: string, userId: string, exceptSignInId: string | null): Promise<void>;
}

/** Users, their sign-ins, and the refresh tokens of these. */
export interface UserStore {
  /** @throws CVaultError `email_taken` */
  register(user: NewUser): Promise<User>;
  /**
   * Writes a user who cannot sign in before the e-mail is verified. Where there is one already who has not done so, the
   * newest password counts; where there is one who has, nothing is changed.
   */
  registerUnverified(user: NewUser): Promise<void>;
  /** Null where there is none, or where it may not sign in. */
  findByEmail(tenantId: string, mode: ApiKeyMode, email: string): Promise<UserWithPassword | null>;
  openSignIn(signIn: NewSignIn): Promise<void>;
  /** Does nothing where it ended already. */
  closeSignIn(tenantId: string, signInId: string): Promise<void>;
  /**
   * Uses a refresh token up and writes its successor, in one statement: of many at once exactly one succeeds. Null where
   * it cannot be used. Where that is because it was used before, and not just now, its sign-in is closed.
   */
  rotate(
    tenantId: string,
    mode: ApiKeyMode,
    usedHash: Buffer,
    newHash: Buffer,
  ): Promise<{ userId: string; signInId: string } | null>;
  /** Puts a stronger hash in the place of `oldHash`; does nothing where it was changed in between. */
  replacePasswordHash(
    userId: string,
    tenantId: string,
    oldHash: string | null,
    newHash: string,
  ): Promise<void>;
  /** Deletes sign-ins that ended long ago; answers how many. */
  forgetEndedSignIns(): Promise<number>;
}
