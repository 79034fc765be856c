import type { LinkPurpose } from '../mail-links/index.ts';

export interface Ending {
  /** `others`: all but the one that asks for it. */
  readonly signIns: 'all' | 'others';
  /** Links in mails that open nothing from then on. */
  readonly links: readonly LinkPurpose[];
}

/**
 * What ends a user's credentials, and what it ends. The one place that says so; `end-credentials.ts` does it.
 *
 * Whatever the event, these end too: sign-ins that are under way (a password that is being compared, a code that is being
 * checked, an ID token), second-factor challenges, and the enrolment of a second factor that nobody has confirmed. With a
 * sign-in end its access tokens and its refresh tokens, however it was opened.
 *
 * Not here, because they end nothing: a suspension holds everything back until the user is resumed, and a lower plan takes
 * no credential away. What ends with an API key, `api-keys/service.ts` says.
 */
export const ENDINGS = {
  password_changed: { signIns: 'others', links: ['reset_password', 'invitation'] },
  password_reset: { signIns: 'all', links: ['reset_password', 'invitation'] },
  second_factor_set_up: { signIns: 'others', links: ['reset_password'] },
  second_factor_removed: { signIns: 'others', links: ['reset_password'] },
  /** By the tenant's backend, for who has lost it. */
  second_factor_reset: { signIns: 'all', links: ['reset_password'] },
  logged_out_everywhere: { signIns: 'all', links: ['reset_password'] },
  identity_provider_removed: { signIns: 'all', links: ['reset_password'] },
  /** Deleted, or to be erased. */
  deleted: { signIns: 'all', links: ['verify_email', 'reset_password', 'invitation'] },
} as const satisfies Record<string, Ending>;

export type EndingEvent = keyof typeof ENDINGS;
