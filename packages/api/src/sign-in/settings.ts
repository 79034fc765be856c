import type { TenantPolicy } from '../platform/access/principal.ts';

/** How a tenant's users sign in; the tenant sets it. */
export interface SignInSettings {
  readonly tenantName: string;
  /** Where the links in mails lead: the tenant's own app, without a slash at the end. Null: no mail with links goes out. */
  readonly appUrl: string | null;
  /** Nobody signs in before the e-mail is verified, and signing up tells nobody whether there is a user. */
  readonly verifiedEmailRequired: boolean;
  /** Nobody signs in with a password alone. */
  readonly secondFactorRequired: boolean;
}

/** What is given is changed. */
type SomeSignInSettings = {
  readonly [K in keyof Omit<SignInSettings, 'tenantName'>]?: SignInSettings[K] | undefined;
};

export interface SignInSettingsStore {
  /** @throws CVaultError `not_found` */
  of(tenantId: string): Promise<SignInSettings>;
  change(tenantId: string, settings: SomeSignInSettings): Promise<SignInSettings>;
}

/** Without a second factor, a password has to be longer (NIST SP 800-63B-4, section 3.1.1.1). */
const PASSWORD_ALONE_CHARACTERS_MIN = 12;

/** Fewest characters of a new password. */
export function passwordLengthMin(
  policy: Pick<TenantPolicy, 'passwordLengthMin'>,
  { secondFactorRequired }: Pick<SignInSettings, 'secondFactorRequired'>,
): number {
  return secondFactorRequired
    ? policy.passwordLengthMin
    : Math.max(policy.passwordLengthMin, PASSWORD_ALONE_CHARACTERS_MIN);
}
