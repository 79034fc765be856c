/** Validation of single environment variables. A message says what to do and never shows the value. */
import { Secret } from '../crypto/secret.ts';
import type { MasterKey } from '../crypto/vault.ts';
import { readSource } from '../text/addresses.ts';
import { didYouMean } from '../text/nearest.ts';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

const MAKE_KEY = 'make one with: openssl rand -base64 32';
const MAKE_ADMIN_KEY = 'make one with: echo "cv_admin_$(openssl rand -base64 32 | tr +/ -_ | tr -d =)"';

/** Words of placeholders. Only long ones, since short ones occur in random text. */
const PLACEHOLDER = /change.?me|replace|example|placeholder|default|secret|password|[<>]|\.\.\./i;
/** 32 random bytes have more distinct characters and steps between neighbours than this; a pattern has fewer. */
const VARIETY_MIN = 12;

function isPattern(values: readonly number[]): boolean {
  const steps = values.slice(1).map((value, index) => value - (values[index] ?? 0));
  return new Set(values).size < VARIETY_MIN || new Set(steps).size < VARIETY_MIN;
}

function isPatternText(text: string): boolean {
  return isPattern(Array.from(text, (character) => character.codePointAt(0) ?? 0));
}

const NOT_PLACEHOLDER = 'looks like a placeholder; fill in a random value';
const NOT_PATTERN = 'is a pattern, not a random value';

export function wholeNumber(min: number, max: number, absent: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(absent);
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, {
    error: ({ input }) =>
      `must be one of ${values.join(', ')}${typeof input === 'string' ? didYouMean(input, values) : ''}`,
  });
}

/** Comma-separated entries. */
const List = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

function urlOf(text: string, protocols: readonly string[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && protocols.includes(url.protocol) ? url : null;
}

export function secretUrl(protocols: readonly string[], example: string) {
  return z
    .string()
    .refine((text) => urlOf(text, protocols) !== null, `must be a URL such as ${example}`)
    .transform((text) => new Secret(text));
}

export const PublicUrl = z
  .string()
  .refine((text) => {
    const url = urlOf(text, ['http:', 'https:']);
    return url !== null && url.search === '' && url.hash === '' && url.username === '';
  }, 'must be a URL such as https://vpn.acme.dev')
  .transform((text) => text.replace(/\/+$/, ''));

export const MailAddress = z
  .email({ error: 'must be an e-mail address such as no-reply@acme.dev', abort: true })
  // Keeps the mail header the same for every mail server.
  .regex(/^[\x21-\x7e]+$/, 'must be an e-mail address in ASCII');

/** `capacitor://localhost`: apps in a web view have a custom scheme and a host. */
const APP_ORIGIN = /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?$/;
/** One `*` in place of the first labels, before at least two more. */
const WILDCARD_ORIGIN = /^https?:\/\/\*\.(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*(?::\d{1,5})?$/;

const isOrigin = (text: string): boolean =>
  text === '*' ||
  APP_ORIGIN.test(text) ||
  (text.includes('*') ? WILDCARD_ORIGIN.test(text) : urlOf(text, ['http:', 'https:'])?.origin === text);

export const Origins = List.refine(
  (origins) => origins.every((origin) => !origin.includes('*') || isOrigin(origin)),
  'has a * in a wrong place: it stands for what comes before a domain, as in https://*.acme.dev, or alone for every origin',
)
  .refine(
    (origins) => origins.every((origin) => origin.includes('*') || isOrigin(origin)),
    'must be a list of origins such as https://app.acme.dev or capacitor://localhost, in lower case, without a path or a slash at the end, separated by commas; or *',
  )
  .refine(
    (origins) => origins.length <= 1 || !origins.includes('*'),
    'names * and others; * already means all',
  );

/** A message shows a range only if it is one. Anything else in its place may be a secret. */
export const Ranges = List.superRefine((ranges, context) => {
  for (const range of ranges) {
    const read = readSource(range);
    if ('text' in read) continue;
    const message = ipaddr.isValidCIDR(range)
      ? `has a range that ${read.fault}`
      : 'must be a list of addresses or ranges such as 10.0.0.0/8, separated by commas';
    context.addIssue({ code: 'custom', message });
    return;
  }
});

export const Proxies = Ranges.refine(
  // Otherwise every caller could choose the address that its requests are counted by.
  (proxies) => !proxies.some((proxy) => proxy.endsWith('/0')),
  'trusts everybody; name the addresses of your proxies',
);

/** 32 bytes in canonical base64. */
const KeyBytes = z
  .string()
  .refine(
    (text) =>
      Buffer.from(text, 'base64').length === 32 && Buffer.from(text, 'base64').toString('base64') === text,
    { error: `must be 32 random bytes in base64; ${MAKE_KEY}`, abort: true },
  )
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => !isPattern([...bytes]), `${NOT_PATTERN}; ${MAKE_KEY}`)
  .transform((bytes) => new Secret(bytes));

export const MasterKeyValue = z.string(`is not set; ${MAKE_KEY}`).pipe(KeyBytes);

const MASTER_KEY_VERSION_MAX = 65_535;

export const MasterKeyVersion = wholeNumber(1, MASTER_KEY_VERSION_MAX, 1);

export const RetiredMasterKeys = List.transform((entries, context): MasterKey[] =>
  entries.flatMap((entry) => {
    const [version = '', text = ''] = entry.split(':', 2);
    const number = /^\d{1,5}$/.test(version) ? Number(version) : 0;
    const key = KeyBytes.safeParse(text);
    if (number < 1 || number > MASTER_KEY_VERSION_MAX || !key.success) {
      context.addIssue({
        code: 'custom',
        message: 'must be a list of version:key, separated by commas, each key 32 bytes in base64',
      });
      return [];
    }
    return [{ version: number, key: key.data }];
  }),
);

export const AdminKey = z
  .string(`is not set; ${MAKE_ADMIN_KEY}`)
  .regex(/^cv_admin_[A-Za-z0-9_-]{43,}$/, {
    error: `must be cv_admin_ and at least 43 random characters of base64url; ${MAKE_ADMIN_KEY}`,
    abort: true,
  })
  .refine((text) => !PLACEHOLDER.test(text), { error: NOT_PLACEHOLDER, abort: true })
  .refine((text) => !isPatternText(text.slice('cv_admin_'.length)), NOT_PATTERN)
  .transform((text) => new Secret(text));
