import { formatAddress, InvalidValue, parseAddress, parseRoute, parseSearchDomain } from '@cvault/wireguard';
import { asciiDomain } from './idna.ts';

/** A text in its one spelling, or what is wrong with it. */
export type CanonicalText = { readonly text: string } | { readonly fault: string };

function read(write: () => string): CanonicalText {
  try {
    return { text: write() };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { fault: error.reason };
  }
}

/** The address of a resolver. */
export function readResolver(text: string): CanonicalText {
  return read(() => {
    const address = parseAddress(text);
    if (address.value === 0n) throw new InvalidValue('is the unspecified address');
    return formatAddress(address);
  });
}

/** A range in CIDR notation that goes into a tunnel; no bits after the prefix. */
export function readRoute(text: string): CanonicalText {
  return read(() => parseRoute(text).canonical);
}

/** A DNS name in any script. */
export function readSearchDomain(text: string): CanonicalText {
  return read(() => parseSearchDomain(asciiDomain(text) ?? text));
}
