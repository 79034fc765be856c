import {
  type CanonicalText,
  readResolver,
  readRoute,
  readSearchDomain,
  readSource,
} from '../../text/addresses.ts';
import { z } from 'zod';

/** Resolver libraries query no more. */
const RESOLVERS_MAX = 8;
/** Each becomes a route in the device's operating system. */
const ROUTES_MAX = 32;
/** The longest range has 43 characters. */
const CHARACTERS_MAX = 64;
/** The number that resolvers of every system search (resolv.conf(5)). */
const DOMAINS_MAX = 6;
/** RFC 1035, including the trailing dot. */
const DOMAIN_CHARACTERS_MAX = 254;

/** A list of distinct texts in canonical form. */
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

/** Addresses and ranges that requests come from. */
export const Sources = listOf(readSource, ROUTES_MAX);

/** DNS names that a device appends to short ones. */
export const SearchDomains = listOf(readSearchDomain, DOMAINS_MAX, DOMAIN_CHARACTERS_MAX);
