import { type CanonicalText, readResolver, readRoute, readSearchDomain } from '../../text/addresses.ts';
import { z } from 'zod';

/** As many as a resolver library asks. */
const RESOLVERS_MAX = 8;
/** Each one is a route of the device's own system. */
const ROUTES_MAX = 32;
/** The longest range has 43. */
const CHARACTERS_MAX = 64;
/** As many as resolvers of every system search (resolv.conf(5)). */
const DOMAINS_MAX = 6;
/** RFC 1035, with the full stop at the end. */
const DOMAIN_CHARACTERS_MAX = 254;

/** A list of texts in their one spelling, each once. */
function listOf(read: (text: string) => CanonicalText, most: number, characters = CHARACTERS_MAX) {
  const item = z
    .string()
    .max(characters)
    .transform((text, context) => {
      const found = read(text);
      if ('text' in found) return found.text;
      context.addIssue({ code: 'custom', message: found.fault });
      return z.NEVER;
    });
  return z
    .array(item)
    .max(most)
    .refine((items) => new Set(items).size === items.length, 'must not have an entry twice');
}

/** IP addresses. */
export const Resolvers = listOf(readResolver, RESOLVERS_MAX);

/** Ranges in CIDR notation without host bits. */
export const Routes = listOf(readRoute, ROUTES_MAX);

/** DNS names that a device searches for short ones in. */
export const SearchDomains = listOf(readSearchDomain, DOMAINS_MAX, DOMAIN_CHARACTERS_MAX);
