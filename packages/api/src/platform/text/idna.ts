/** What a domain may be typed with. Everything else a URL parser would read as another part, or drop. */
const DOMAIN = /^[\p{L}\p{M}\p{N}\p{Join_Control}·.。．｡-]+$/u;

/** A domain's name in ASCII; null where it is none. */
export function asciiDomain(name: string): string | null {
  return DOMAIN.test(name) ? asciiHost(name) : null;
}

/**
 * A host's name in ASCII (RFC 5890, as the URL standard applies it); null where it is none.
 * @param name of letters, marks, digits, joiners, hyphens and full stops: whatever else a URL may hold would be read as that
 */
export function asciiHost(name: string): string | null {
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
