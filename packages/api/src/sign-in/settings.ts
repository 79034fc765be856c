import type { TenantPolicy } from '../platform/access/principal.ts';

/** How a tenant's users sign in, as set by the tenant. */
export interface SignInSettings {
  readonly tenantName: string;
  /** The tenant's app, which mail links lead to, without a trailing slash. Null: no mails with links. */
  readonly appUrl: string | null;
  /** Users cannot sign in before their e-mail is verified, and signing up does not reveal whether a user exists. */
  readonly verifiedEmailRequired: boolean;
  /** A password alone is not enough to sign in. */
  readonly secondFactorRequired: boolean;
}

/** Only given settings change. */
type SomeSignInSettings = {
  readonly [K in keyof Omit<SignInSettings, 'tenantName'>]?: SignInSettings[K] | undefined;
};

export interface SignInSettingsStore {
  /** @throws CVaultError `not_found` */
  of(tenantId: string): Promise<SignInSettings>;
  change(tenantId: string, settings: SomeSignInSettings): Promise<SignInSettings>;
}

/** Passwords without a second factor must be longer (NIST SP 800-63B-4, section 3.1.1.1). */
const PASSWORD_ALONE_CHARACTERS_MIN = 12;

/** The minimum length of a new password. */
export function passwordLengthMin(
  policy: Pick<TenantPolicy, 'passwordLengthMin'>,
  { secondFactorRequired }: Pick<SignInSettings, 'secondFactorRequired'>,
): number {
  return secondFactorRequired
    ? policy.passwordLengthMin
    : Math.max(policy.passwordLengthMin, PASSWORD_ALONE_CHARACTERS_MIN);
}
