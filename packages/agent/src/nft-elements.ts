import { detached } from './detached.ts';
import type { RunTool } from './tool.ts';

/**
 * The output of `nft list` for these sets or maps of one table. One process for each: with several commands in one,
 * only the last lists anything (nftables 1.0.6), and `list table` would read every counter.
 */
export async function listElements(
  runTool: RunTool,
  kind: 'set' | 'map',
  table: string,
  names: readonly string[],
): Promise<string> {
  let listing = '';
  for (const name of names) listing += await runTool('nft', ['list', kind, ...table.split(' '), name]);
  return listing;
}

/** The elements of every set and map in the output of `nft list`, each as its text. */
export function parseElements(listing: string): Map<string, string[]> {
  const elements = new Map<string, string[]>();
  for (const [, name = '', body = ''] of listing.matchAll(/^\t(?:set|map) (\S+) \{\n([^]*?)^\t\}/gm)) {
    const [, list = ''] = /elements = \{([^}]*)\}/.exec(body) ?? [];
    const texts = list.split(',').map((text) => text.trim());
    elements.set(name, texts.filter((text) => text !== '').map(detached));
  }
  return elements;
}

/** A device's id as the table holds it: the 16 bytes of a UUID as an IPv6 address. */
export function asTableId(deviceId: string): string {
  return deviceId.replaceAll('-', '').replace(/.{4}(?=.)/g, '$&:');
}

/** The device id of an `asTableId` value that `nft` printed in its own spelling. */
export function fromTableId(text: string): string {
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [first, last] = [groups(head), groups(tail)];
  const zeros = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill('0');
  const hex = [...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
