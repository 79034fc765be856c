import { isIPv4, isIPv6 } from 'node:net';

/** An address and a prefix length, parsed. Rules are built from these parts alone. */
export interface Prefix {
  readonly family: 4 | 6;
  readonly address: string;
  readonly length: number;
}

/** Reads `10.8.0.1/24` or `fd00::1/64`; undefined for anything else. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([0-9A-Fa-f:.]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = match?.[1] ?? '';
  const length = Number(match?.[2]);
  if (isIPv4(address) && length <= 32) return { family: 4, address, length };
  if (isIPv6(address) && length <= 128) return { family: 6, address, length };
  return undefined;
}
