/**
 * A host's name in ASCII (RFC 5890, as the URL standard applies it); null where it is none.
 * @param name of letters, marks, digits, joiners, hyphens and full stops: whatever else a URL may hold would be read as that
 */
export function asciiHost(name: string): string | null {
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : null;
}
