/** Characters of a typed domain. A URL parser would drop all others or read them as another part. */
const DOMAIN = /^[\p{L}\p{M}\p{N}\p{Join_Control}·.。．｡-]+$/u;

/** A domain in ASCII; null if it is invalid. */
export function asciiDomain(name: string): string | null {
  return DOMAIN.test(name) ? asciiHost(name) : null;
}

/**
 * A host name in ASCII (RFC 5890, as in the URL standard); null if it is invalid.
 * @param name only letters, marks, digits, joiners, hyphens and full stops: a URL parser would misread others
 */
export function asciiHost(name: string): string | null {
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
