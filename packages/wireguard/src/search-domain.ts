import { isDnsName } from './dns-name.ts';
import { InvalidValue } from './invalid-value.ts';

/**
 * A DNS search domain in its one spelling: ASCII, lower case, no full stop at the end. wg-quick(8) takes what has only digits
 * and full stops, or a colon, for a resolver's address; no DNS name looks like that.
 * @throws {InvalidValue}
 */
export function parseSearchDomain(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (!isDnsName(name)) throw new InvalidValue('is not a DNS name such as corp.example.com');
  return name;
}
