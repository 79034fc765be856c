import type { LinkPurpose } from '../mail-links/index.ts';

export interface Ending {
  /** `others`: all except the current one. */
  readonly signIns: 'all' | 'others';
  /** Mail links that become invalid. */
  readonly links: readonly LinkPurpose[];
}

/**
 * Events that end a user's credentials, and what each one ends. This is the only definition; `end-credentials.ts`
 * executes it.
 *
 * Every event also ends sign-ins in progress (a password, code or ID token being checked), second-factor
 * challenges, and unconfirmed enrolments of a second factor. The access and refresh tokens of a sign-in end with
 * it.
 *
 * Not listed: a suspension ends nothing, but blocks until the user is resumed; a lower plan affects no credentials.
 * For the end of an API key, see `api-keys/service.ts`.
 */
export const ENDINGS = {
  password_changed: { signIns: 'others', links: ['reset_password', 'invitation'] },
  password_reset: { signIns: 'all', links: ['reset_password', 'invitation'] },
  second_factor_set_up: { signIns: 'others', links: ['reset_password'] },
  second_factor_removed: { signIns: 'others', links: ['reset_password'] },
  /** By the tenant's backend, for a user who lost it. */
  second_factor_reset: { signIns: 'all', links: ['reset_password'] },
  logged_out_everywhere: { signIns: 'all', links: ['reset_password'] },
  identity_provider_removed: { signIns: 'all', links: ['reset_password'] },
  /** Deleted or to be erased. */
  deleted: { signIns: 'all', links: ['verify_email', 'reset_password', 'invitation'] },
} as const satisfies Record<string, Ending>;

export type EndingEvent = keyof typeof ENDINGS;
