import { type CanonicalText, readResolver, readRoute } from '@cvault/core';
import { z } from 'zod';

/** As many as a resolver library asks. */
const RESOLVERS_MAX = 8;
/** Each one is a route of the device's own system. */
const ROUTES_MAX = 32;
/** The longest range has 43. */
const CHARACTERS_MAX = 64;

/** A list of texts in their one spelling, each once. */
function listOf(read: (text: string) => CanonicalText, most: number) {
  const item = z
    .string()
    .max(CHARACTERS_MAX)
    .transform((text, context) => {
      const found = read(text);
      if ('text' in found) return found.text;
      context.addIssue({ code: 'custom', message: found.fault });
      return z.NEVER;
    });
  return z
    .array(item)
    .max(most)
    .refine((items) => new Set(items).size === items.length, 'has an entry twice');
}

/** IP addresses. */
export const Resolvers = listOf(readResolver, RESOLVERS_MAX);

/** Ranges in CIDR notation without host bits. */
export const Routes = listOf(readRoute, ROUTES_MAX);
