import type { Pseudonym, SignInSettings, SignInSettingsStore, TryRate, TryStore } from '../sign-in/index.ts';
import type { TenantScope } from '../platform/access/tenant-scope.ts';
import { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { Vault } from '../platform/crypto/vault.ts';
import {
  type ClaimedMail,
  type LinkPurpose,
  type LinkStore,
  type MailOutbox,
  type MailUser,
  type NewSignUp,
  generateLinkToken,
  linkTo,
  recipientColumn,
} from '../mail-links/index.ts';
import { type Mailer, type MailPurpose, mailText } from './mail.ts';

/** To one address about one thing: three at once, and one more each ten minutes. */
const SAME_MAIL: TryRate = { burst: 3, everySeconds: 600 };
const CLAIMED_AT_ONCE = 20;
/** After 30 s, then four times as long each time: the eighth and last try comes about two days after the first. */
const RETRY_SECONDS = 30;
const RETRY_FACTOR = 4;
const ATTEMPTS_MAX = 8;

export interface PostOfficeDeps {
  readonly outbox: MailOutbox;
  readonly links: LinkStore;
  readonly settings: SignInSettingsStore;
  readonly tries: TryStore;
  readonly pseudonym: Pseudonym;
  readonly vault: Vault;
  /** Null where nobody delivers mails for this installation. */
  readonly mailer: Mailer | null;
  /** Told of a mail that was not delivered; `last` where it will not be tried again. */
  readonly onFailure: (
    mail: Pick<ClaimedMail, 'id' | 'tenantId' | 'purpose'>,
    error: unknown,
    last: boolean,
  ) => void;
}

/** What of a purpose is to be sent to a user; null for nothing. */
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

/** What becomes of a mail when its recipient is looked up. */
interface Letter {
  /** Null: nothing is sent. */
  readonly purpose: MailPurpose | null;
  /** Stores the token's hash; answers false where the link has no business any more. Null: it has no link. */
  readonly putLink: ((hash: Buffer) => Promise<boolean>) | null;
  readonly signedUpAt: Date | null;
}

const LINKED: ReadonlySet<MailPurpose> = new Set<LinkPurpose>([
  'verify_email',
  'reset_password',
  'invitation',
]);

/**
 * Mails to users. Who asks for one is answered before anything is known of the address: the request writes the same row
 * for everybody, and only its delivery looks for the user. So neither the answer nor its time tells whether there is one.
 */
export function createPostOffice(deps: PostOfficeDeps) {
  const { outbox, links, settings, tries, pseudonym, vault, mailer, onFailure } = deps;

  /** What is to be sent about a sign-up, which never touches a user that there is; null for nothing. */
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
    // RFC 2606: nobody reads there. Users who sign in elsewhere have such an address.
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
     * Queues a mail. Where the address has had too many of its kind lately, nothing is queued and nobody is told.
     * @param email normalized
     */
    post: (scope: TenantScope, purpose: MailPurpose, email: string): Promise<void> =>
      queue(scope, purpose, email, null),

    /**
     * Keeps a sign-up, and queues the mail whose link makes a user of it. Where the address has had too many of these lately,
     * neither is done and nobody is told.
     * @param email normalized
     */
    postSignUp: (scope: TenantScope, email: string, passwordHash: string): Promise<void> =>
      queue(scope, 'verify_email', email, passwordHash),

    /** Delivers what is due. Call it from time to time, in any number of replicas. */
    async deliverDue(items: Items): Promise<void> {
      // At once, so that one address whose mail server is slow keeps no other waiting.
      const claimed = await outbox.claim(CLAIMED_AT_ONCE, items);
      await Promise.all(claimed.map((mail) => items.attempt(mail.id, () => tryToDeliver(mail))));
    },
  };
}

export type PostOffice = ReturnType<typeof createPostOffice>;
