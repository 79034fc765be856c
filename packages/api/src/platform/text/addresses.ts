import { formatAddress, InvalidValue, parseAddress, parseRoute, parseSearchDomain } from '@cvault/wireguard';
import { asciiDomain, DOMAIN_CHARACTERS, hasOnlyDomainCharacters } from './idna.ts';

/** The canonical form of a text, or its fault. */
export type CanonicalText = { readonly text: string } | { readonly fault: string };

function read(write: () => string): CanonicalText {
  try {
    return { text: write() };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { fault: error.reason };
  }
}

/** Reads the address of a DNS resolver. */
export function readResolver(text: string): CanonicalText {
  return read(() => {
    const address = parseAddress(text);
    if (address.value === 0n) throw new InvalidValue('is the unspecified address');
    return formatAddress(address);
  });
}

/** Reads a range in CIDR notation without host bits. */
export function readRoute(text: string): CanonicalText {
  return read(() => parseRoute(text).canonical);
}

/** Reads a source of requests: an address, which becomes a range of one, or a range. */
export function readSource(text: string): CanonicalText {
  if (text.includes('/')) return readRoute(text);
  const address = read(() => formatAddress(parseAddress(text)));
  if ('fault' in address)
    return { fault: 'must be an IP address such as 203.0.113.7 or a range such as 203.0.113.0/24' };
  return readRoute(`${address.text}/${address.text.includes(':') ? 128 : 32}`);
}

/** Reads a DNS name in letters and digits of any script. */
export function readSearchDomain(text: string): CanonicalText {
  if (/[^\0-\x7f]/.test(text) && !hasOnlyDomainCharacters(text))
    return { fault: `has characters that no domain has: ${DOMAIN_CHARACTERS}` };
  return read(() => parseSearchDomain(asciiDomain(text) ?? text));
}
