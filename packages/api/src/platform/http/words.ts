import { didYouMean } from '../text/nearest.ts';
import type { z } from 'zod';

const TYPES: Readonly<Record<string, string>> = {
  string: 'must be a text',
  number: 'must be a number',
  int: 'must be a whole number',
  bigint: 'must be a whole number',
  boolean: 'must be true or false',
  object: 'must be an object',
  record: 'must be an object',
  array: 'must be a list',
  date: 'must be a time',
  null: 'must be null',
};
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID',
  email: 'must be an e-mail address',
  url: 'must be a URL',
  datetime: 'must be a time such as 2026-01-31T12:00:00Z',
  date: 'must be a date such as 2026-01-31',
  ipv4: 'must be an IPv4 address',
  ipv6: 'must be an IPv6 address',
  cidrv4: 'must be a range such as 10.0.0.0/8',
  cidrv6: 'must be a range such as 2001:db8::/32',
  base64: 'must be base64',
};
/** One of them, and several. */
const UNITS: Readonly<Record<string, readonly [string, string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
  file: ['byte', 'bytes'],
};

function bound(origin: string, limit: number | bigint, word: 'at least' | 'at most'): string {
  const [one, several] = UNITS[origin] ?? [];
  if (one === undefined) return `must be ${word} ${limit}`;
  return `must have ${word} ${limit} ${BigInt(limit) === 1n ? one : several}`;
}

/** Prefixes of zod's own messages, which are written for programmers and use zod's names. */
const ZODS = /^(Invalid|Too (big|small)|Unrecognized|Expected|Required|expected)/;

/** Describes a fault of a value to its sender. A message of the schema's own takes precedence. */
export function wordsFor(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'custom') return issue.message;
  if (value === undefined && issue.path.length > 0) return 'is missing';
  if (!ZODS.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return issue.path.length === 0 && issue.expected === 'object'
        ? 'must be a JSON object'
        : (TYPES[issue.expected] ?? 'has the wrong type');
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has the wrong format';
    case 'too_small':
      return bound(issue.origin, issue.minimum, 'at least');
    case 'too_big':
      return bound(issue.origin, issue.maximum, 'at most');
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      const list = values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
      return typeof value === 'string' ? list + didYouMean(value, values) : list;
    }
    case 'invalid_union':
      return 'matches none of the accepted forms';
    case 'invalid_key': {
      const [first] = issue.issues;
      return first === undefined ? 'has a name that is not allowed' : `its name ${wordsFor(first, '')}`;
    }
    case 'invalid_element': {
      const [first] = issue.issues;
      return first === undefined ? 'has an entry that is not allowed' : wordsFor(first, value);
    }
    case 'unrecognized_keys':
      return 'has fields that are not known here';
  }
}
