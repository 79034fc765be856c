/** A table as `nft` lists it, without the parts that change on their own or with devices. */
export interface ListedTable {
  /** Each chain's text, by its name. */
  readonly chains: ReadonlyMap<string, string>;
  /** Names of the sets and maps. */
  readonly sets: ReadonlySet<string>;
  /** The elements of the sets that are part of the rules, as text. */
  readonly elements: string;
}

/**
 * @param listing the output of `nft --stateless --terse list table`
 * @param elements the output of `nft list set` for the sets that are part of the rules
 */
export function parseTable(listing: string, elements: string): ListedTable {
  const chains = new Map<string, string>();
  const sets = new Set<string>();
  // The counter that names the table's life is listed like this, too.
  for (const [, kind, name = '', body = ''] of listing.matchAll(
    /^\t(chain|set|map|counter(?= life)) (\S+) \{\n([^]*?)^\t\}/gm,
  )) {
    if (kind === 'chain') chains.set(name, body);
    else sets.add(name);
  }
  return { chains, sets, elements };
}
