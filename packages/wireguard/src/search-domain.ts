import { InvalidValue } from './invalid-value.ts';

/** RFC 1035, section 2.3.4. */
const CHARACTERS_MAX = 253;
/** RFC 1123, section 2.1. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A DNS search domain in its one spelling: ASCII, lower case, no full stop at the end. wg-quick(8) tells it from a resolver's
 * address by its last label, which must not be a number.
 * @throws {InvalidValue}
 */
export function parseSearchDomain(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length > CHARACTERS_MAX) throw new InvalidValue(`has more than ${CHARACTERS_MAX} characters`);
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1)!)) {
    throw new InvalidValue('is not a DNS name such as corp.example.com');
  }
  return name;
}
