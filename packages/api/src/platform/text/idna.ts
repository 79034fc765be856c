/**
 * Characters of a typed domain, as IDNA 2008 has them (RFC 5892): no symbols, so no emoji. A URL parser would drop all others or
 * read them as another part.
 */
const DOMAIN = /^[\p{L}\p{M}\p{N}\p{Join_Control}·.。．｡-]+$/u;

export const hasOnlyDomainCharacters = (name: string): boolean => DOMAIN.test(name);

/** The characters of a domain name; continues `has characters that …`. */
export const DOMAIN_CHARACTERS =
  'letters and digits of any script, hyphens and full stops are allowed, symbols and emoji are not';

/** A domain in ASCII; null if it is invalid. */
export function asciiDomain(name: string): string | null {
  return hasOnlyDomainCharacters(name) ? asciiHost(name) : null;
}

/**
 * A host name in ASCII (RFC 5890, as in the URL standard); null if it is invalid.
 * @param name only letters, marks, digits, joiners, hyphens and full stops: a URL parser would misread others
 */
export function asciiHost(name: string): string | null {
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
