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

/** A sign-in and its first refresh token. */
export interface NewSignIn {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly refreshTokenHash: Buffer;
}

/** Users, their sign-ins, and the refresh tokens of these. */
export interface UserStore {
  /**
   * Writes the user and a first sign-in.
   * @throws CVaultError `email_taken`
   */
  register(user: NewUser, signIn: NewSignIn): Promise<User>;
  /** Null where there is none, or where it may not sign in. */
  findByEmail(
    tenantId: string,
    mode: ApiKeyMode,
    email: string,
  ): Promise<(User & { readonly passwordHash: string | null }) | null>;
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
