import type { Pseudonym, SignInSettings, SignInSettingsStore, TryStore } from '../sign-in/index.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import {
  type LinkPurpose,
  type LinkStore,
  type MailUser,
  generateLinkToken,
  linkTo,
} from '../mail-links/index.ts';
import { type Mailer, type MailPurpose, mailText } from './mail.ts';
import { type ClaimedMail, type MailOutbox, type NewSignUp, recipientColumn } from './outbox.ts';
import { SAME_MAIL } from '../platform/limits/limits.ts';

const CLAIMED_AT_ONCE = 20;
/**
 * Retries after 30 s, then after four times as long each time: the eighth and last attempt comes about two days
 * after the first.
 */
const RETRY_SECONDS = 30;
const RETRY_FACTOR = 4;
const ATTEMPTS_MAX = 8;

export interface MailQueueDeps {
  readonly outbox: MailOutbox;
  readonly links: LinkStore;
  readonly settings: SignInSettingsStore;
  readonly tries: TryStore;
  readonly pseudonym: Pseudonym;
  readonly vault: Vault;
  /** Null if this installation sends no mail. */
  readonly mailer: Mailer | null;
  /** Called for a failed mail; `last` if it is given up. */
  readonly onFailure: (
    mail: Pick<ClaimedMail, 'id' | 'tenantId' | 'purpose'>,
    error: unknown,
    last: boolean,
  ) => void;
}

/** The mail to send to a user for a requested purpose; null for none. */
function due(purpose: MailPurpose, user: MailUser): MailPurpose | null {
  if (!user.active) return null;
  switch (purpose) {
    case 'verify_email':
      return user.emailVerified ? 'already_registered' : 'verify_email';
    case 'invitation':
      return user.hasPassword ? null : 'invitation';
    default:
      return purpose;
  }
}

/** A mail's content, decided when its recipient is looked up. */
interface Letter {
  /** Null: nothing is sent. */
  readonly purpose: MailPurpose | null;
  /** Stores the token's hash; returns false if the link is obsolete. Null: the mail has no link. */
  readonly putLink: ((hash: Buffer) => Promise<boolean>) | null;
  readonly signedUpAt: Date | null;
}

const LINKED: ReadonlySet<MailPurpose> = new Set<LinkPurpose>([
  'verify_email',
  'reset_password',
  'invitation',
]);

/**
 * Mails to users. A request writes the same row for every address, and the user is looked up on delivery. Neither
 * the answer nor its time thus reveals whether a user exists.
 */
export function createMailQueue(deps: MailQueueDeps) {
  const { outbox, links, settings, tries, pseudonym, vault, mailer, onFailure } = deps;

  /** The mail about a sign-up, which never affects an existing user; null for none. */
  async function letterAboutSignUp(
    mail: ClaimedMail,
    to: string,
    user: MailUser | null,
  ): Promise<Letter | null> {
    if (mail.purpose !== 'verify_email') return null;
    const { tenantId } = mail;
    const signUp = await links.signUpFor(mail, to, mail.id);
    if (signUp === null) return null;
    if (user === null) {
      const putLink = (hash: Buffer) => links.putSignUpLink(tenantId, signUp.id, hash);
      return { purpose: 'verify_email', putLink, signedUpAt: signUp.createdAt };
    }
    if (signUp.id !== mail.id) return null;
    await links.dropSignUp(tenantId, signUp.id);
    return { purpose: user.active ? 'already_registered' : null, putLink: null, signedUpAt: null };
  }

  function letterTo(mail: ClaimedMail, to: string, user: MailUser | null): Letter | null {
    const purpose = user === null ? null : due(mail.purpose, user);
    if (user === null || purpose === null) return null;
    const putLink = async (hash: Buffer) => {
      await links.put(mail.tenantId, { userId: user.id, email: to, purpose: purpose as LinkPurpose, hash });
      return true;
    };
    return { purpose, putLink: LINKED.has(purpose) ? putLink : null, signedUpAt: null };
  }

  async function deliver(mail: ClaimedMail): Promise<void> {
    const { tenantId } = mail;
    const to = vault.open(recipientColumn(tenantId, mail.id), mail.sealedRecipient).reveal().toString('utf8');
    const { appUrl, tenantName } = await settings.of(tenantId);
    const user = await links.userOf(mail, to);
    const letter = (await letterAboutSignUp(mail, to, user)) ?? letterTo(mail, to, user);
    if (letter === null || letter.purpose === null || mailer === null) return;
    const { purpose, putLink, signedUpAt } = letter;
    let link = '';
    if (putLink !== null) {
      if (appUrl === null) return;
      const { token, hash } = generateLinkToken();
      if (!(await putLink(hash))) return;
      link = linkTo(appUrl, purpose as LinkPurpose, token);
    }
    await mailer.send({ to, fromName: tenantName, ...mailText(purpose, tenantName, { link, signedUpAt }) });
  }

  async function tryToDeliver(mail: ClaimedMail): Promise<void> {
    try {
      await deliver(mail);
      await outbox.remove(mail);
    } catch (error) {
      const last = mail.attempts >= ATTEMPTS_MAX;
      onFailure({ id: mail.id, tenantId: mail.tenantId, purpose: mail.purpose }, error, last);
      if (last) await outbox.remove(mail);
      else await outbox.retry(mail, RETRY_SECONDS * RETRY_FACTOR ** (mail.attempts - 1));
    }
  }

  async function queue(
    { tenantId, mode }: TenantScope,
    purpose: MailPurpose,
    email: string,
    passwordHash: string | null,
  ): Promise<void> {
    // RFC 2606: such addresses have no mailbox. Users of external identity providers have them.
    if (mailer === null || email.endsWith('.invalid')) return;
    const limit = { subject: pseudonym('mail', tenantId, mode, purpose, email), ...SAME_MAIL };
    if ((await tries.take(tenantId, [limit])) !== null) return;
    const id = newId();
    const sealedRecipient = vault.seal(recipientColumn(tenantId, id), Buffer.from(email));
    const signUp: NewSignUp | null = passwordHash === null ? null : { email, passwordHash };
    await outbox.add({ id, tenantId, mode, purpose, sealedRecipient }, signUp);
  }

  return {
    /** Whether mails with links can be sent for this tenant. */
    canLink: ({ appUrl }: Pick<SignInSettings, 'appUrl'>): boolean => mailer !== null && appUrl !== null,

    /** @throws CVaultError `mail_not_set_up` */
    async requireLinks(tenantId: string): Promise<void> {
      const { appUrl } = await settings.of(tenantId);
      if (mailer !== null && appUrl !== null) return;
      throw new CVaultError(
        'mail_not_set_up',
        mailer === null
          ? 'This installation sends no mail.'
          : 'The tenant has not said where the links in its mails lead.',
      );
    },

    /**
     * Queues a mail. Silently does nothing if the address had too many of its kind lately.
     * @param email normalized
     */
    post: (scope: TenantScope, purpose: MailPurpose, email: string): Promise<void> =>
      queue(scope, purpose, email, null),

    /**
     * Stores a sign-up and queues the mail whose link creates its user. Silently does nothing if the address had
     * too many lately.
     * @param email normalized
     */
    postSignUp: (scope: TenantScope, email: string, passwordHash: string): Promise<void> =>
      queue(scope, 'verify_email', email, passwordHash),

    /** Delivers due mails; returns how many. Safe in any number of replicas. */
    async deliverDue(items: Items): Promise<number> {
      // Concurrently, so that an address with a slow mail server delays no other.
      const claimed = await outbox.claim(CLAIMED_AT_ONCE, items);
      await Promise.all(claimed.map((mail) => items.attempt(mail.id, () => tryToDeliver(mail))));
      return claimed.length;
    },
  };
}

export type MailQueue = ReturnType<typeof createMailQueue>;
