import type { CanonicalText } from '../text/addresses.ts';
import { asciiDomain, DOMAIN_CHARACTERS, hasOnlyDomainCharacters } from '../text/idna.ts';

/** RFC 5321 section 4.5.3.1.3, without the angle brackets. */
const EMAIL_CHARACTERS_MAX = 254;
/** Section 4.5.3.1.1. */
const LOCAL_CHARACTERS_MAX = 64;

/** The part before the @, plain or quoted (RFC 5321 section 4.1.2). */
const DOT_STRING = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOT_STRING_CHARACTERS = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]+$/;
const QUOTED_STRING = /^"((?:[ !#-[\]-~]|\\[ -~])+)"$/;

/** A host name (RFC 1123 section 2.1) below an alphabetic top-level domain. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])$/;

function canonicalLocal(local: string): CanonicalText {
  if (local === '') return { fault: 'must have a name before the @' };
  if (local.length > LOCAL_CHARACTERS_MAX)
    return { fault: `must have at most ${LOCAL_CHARACTERS_MAX} characters before the @` };
  if (DOT_STRING.test(local)) return { text: local };
  if (DOT_STRING_CHARACTERS.test(local))
    return {
      fault: 'must not have a full stop at its beginning, right before the @, or next to another one',
    };
  const quoted = QUOTED_STRING.exec(local)?.[1]?.replace(/\\(.)/g, '$1');
  if (quoted === undefined)
    return {
      fault:
        "has characters before the @ that no mailbox has: ASCII letters, digits and .!#$%&'*+/=?^_`{|}~- are allowed",
    };
  // Unnecessary quotes do not change the mailbox.
  return { text: DOT_STRING.test(quoted) ? quoted : `"${quoted.replace(/["\\]/g, '\\$&')}"` };
}

function canonicalDomain(domain: string): CanonicalText {
  if (domain !== '' && !hasOnlyDomainCharacters(domain))
    return { fault: `has characters after the @ that no domain has: ${DOMAIN_CHARACTERS}` };
  if (/^[.。．｡]|[.。．｡]{2}|[.。．｡]$/.test(domain))
    return { fault: 'must not have a full stop right after the @, at its end, or next to another one' };
  const ascii = asciiDomain(domain);
  return ascii !== null && HOST.test(ascii)
    ? { text: ascii }
    : { fault: 'must have a domain such as example.com after the @' };
}

/**
 * The canonical form of an e-mail address: trimmed, in lower case (every mail system ignores case), its domain in
 * ASCII (RFC 5890).
 */
export function readEmail(text: string): CanonicalText {
  const trimmed = text.trim().toLowerCase();
  const at = trimmed.lastIndexOf('@');
  if (at < 0) return { fault: 'must be an e-mail address such as name@example.com' };
  const local = canonicalLocal(trimmed.slice(0, at));
  if ('fault' in local) return local;
  const domain = canonicalDomain(trimmed.slice(at + 1));
  if ('fault' in domain) return domain;
  const address = `${local.text}@${domain.text}`;
  return address.length > EMAIL_CHARACTERS_MAX
    ? { fault: `must have at most ${EMAIL_CHARACTERS_MAX} characters` }
    : { text: address };
}
