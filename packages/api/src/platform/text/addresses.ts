import { formatAddress, InvalidValue, parseAddress, parseRoute, parseSearchDomain } from '@cvault/wireguard';
import { asciiDomain } from './idna.ts';

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

/** Reads a DNS name in any script. */
export function readSearchDomain(text: string): CanonicalText {
  return read(() => parseSearchDomain(asciiDomain(text) ?? text));
}
