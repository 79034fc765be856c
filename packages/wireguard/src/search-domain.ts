import { isDnsName } from './dns-name.ts';
import { InvalidValue } from './invalid-value.ts';

/**
 * The canonical form of a DNS search domain: ASCII, lower case, no trailing dot. wg-quick(8) treats text with only
 * digits and dots, or with a colon, as a resolver's address; no DNS name looks like that.
 * @throws {InvalidValue}
 */
export function parseSearchDomain(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (!isDnsName(name)) throw new InvalidValue('is not a DNS name such as corp.example.com');
  return name;
}
