import { detached } from './detached.ts';
import type { RunTool } from './tool.ts';

/**
 * What `nft list` prints of these sets or maps of one table. One process after the other: several commands in one find
 * none but the last (nftables 1.0.6), and `list table` would read every counter.
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

/** The elements of every set and map in what `nft list` printed, each as its text. */
export function parseElements(listing: string): Map<string, string[]> {
  const elements = new Map<string, string[]>();
  for (const [, name = '', body = ''] of listing.matchAll(/^\t(?:set|map) (\S+) \{\n([^]*?)^\t\}/gm)) {
    const [, list = ''] = /elements = \{([^}]*)\}/.exec(body) ?? [];
    const texts = list.split(',').map((text) => text.trim());
    elements.set(name, texts.filter((text) => text !== '').map(detached));
  }
  return elements;
}

/** A device's id as the table has it: the 16 bytes of a UUID are those of an IPv6 address. */
export function asTableId(deviceId: string): string {
  return deviceId.replaceAll('-', '').replace(/.{4}(?=.)/g, '$&:');
}

/** The device's id of what `asTableId` made and `nft` printed in its own spelling. */
export function fromTableId(text: string): string {
  const [head = '', tail] = text.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [first, last] = [groups(head), groups(tail)];
  const zeros = tail === undefined ? [] : Array<string>(8 - first.length - last.length).fill('0');
  const hex = [...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
