/** Reads how other nftables tables treat a VPN server's packets, from the text of `nft list`. */

export interface BaseChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly hook: 'input' | 'forward';
  readonly drops: boolean;
}

export interface Tunnel {
  readonly interfaceName: string;
  readonly listenPort: number;
  /** As in rules, such as `10.8.0.0/24`. */
  readonly networks: readonly string[];
}

/** The base chains at the hooks that a VPN server's packets pass, from the output of `nft list chains`. */
export function parseBaseChains(listing: string): BaseChain[] {
  const chains: BaseChain[] = [];
  let [family, table, chain] = ['', '', ''];
  for (const line of listing.split('\n')) {
    const [, someFamily, someTable] = /^table (\S+) (\S+) \{/.exec(line) ?? [];
    if (someFamily !== undefined) [family, table] = [someFamily, someTable ?? ''];
    const [, someChain] = /^\tchain (\S+) \{/.exec(line) ?? [];
    if (someChain !== undefined) chain = someChain;
    const [, hook, policy] = /^\t\ttype filter hook (input|forward) .*policy (\w+);/.exec(line) ?? [];
    if (hook !== undefined && ['ip', 'ip6', 'inet'].includes(family)) {
      chains.push({ family, table, chain, hook: hook as BaseChain['hook'], drops: policy === 'drop' });
    }
  }
  return chains;
}

/** The rules of a table, chain by chain. */
function parseRules(listing: string): Map<string, string[]> {
  const rules = new Map<string, string[]>();
  let chain: string | undefined;
  for (const line of listing.split('\n')) {
    const [, name] = /^\tchain (\S+) \{/.exec(line) ?? [];
    if (name !== undefined) rules.set((chain = name), []);
    else if (line === '\t}') chain = undefined;
    else if (chain !== undefined && !line.trim().startsWith('type ')) rules.get(chain)?.push(plain(line));
  }
  return rules;
}

/** Removes the parts of a rule that do not affect which packets it matches. */
function plain(line: string): string {
  return line
    .replace(
      /counter packets \d+ bytes \d+|\bcounter\b|comment "[^"]*"|log( prefix "[^"]*")?( flags \w+)?/g,
      '',
    )
    .replace(/\s+/g, ' ')
    .trim();
}

/** The ports of a rule's `dport`, single or in a set, with ranges. */
function namesPort(rule: string, port: number): boolean {
  const [, ports] = /\bdport (\{[^}]*\}|\S+)/.exec(rule) ?? [];
  return (ports ?? '').split(/[{},\s]+/).some((text) => {
    const [from, to = from] = text.split('-').map(Number);
    return from !== undefined && to !== undefined && from <= port && port <= to;
  });
}

/**
 * Why a base chain of another table drops a VPN server's packets. Undefined if it lets them pass or if that is
 * unclear: a false alarm would keep devices away from a working VPN server. A chain that drops by default is
 * assumed to let pass what any rule of its table accepts and names.
 * @param listing the output of `nft list table` for its table
 */
export function whyDropped(base: BaseChain, listing: string, tunnel: Tunnel): string | undefined {
  const rules = parseRules(listing);
  const where = `the chain ${base.chain} of the table ${base.family} ${base.table}`;
  const concerned = base.hook === 'input' ? concernsPort(tunnel) : concernsTunnel(tunnel);
  // Only a rule at the start of the base chain drops for certain.
  for (const rule of rules.get(base.chain) ?? []) {
    const [, conditions = ''] = /^(.*?)\s?(?:drop|reject.*)$/.exec(rule) ?? [undefined, 'other'];
    if (conditions === 'other') {
      if (rule === 'accept' || concerned(rule)) break;
      continue;
    }
    if (conditions === '' || concernsAll(base.hook, conditions, tunnel))
      return `${where} drops them: ${rule}`;
  }
  if (!base.drops) return undefined;
  const accepting = [...rules.values()].flat().filter((rule) => / ?\b(accept|jump|goto)\b/.test(rule));
  const accepts = accepting.some((rule) => rule.endsWith('accept') && (rule === 'accept' || concerned(rule)));
  return accepts ? undefined : `${where} drops by default, and none of its rules lets them pass`;
}

/** Whether a drop has no other condition than the interface, the network or the port. */
function concernsAll(hook: 'input' | 'forward', conditions: string, tunnel: Tunnel): boolean {
  if (hook === 'input') return conditions === `udp dport ${tunnel.listenPort}`;
  return [
    ...['iif', 'iifname', 'oif', 'oifname'].map((word) => `${word} "${tunnel.interfaceName}"`),
    ...tunnel.networks.flatMap((network) => {
      const family = network.includes(':') ? 'ip6' : 'ip';
      return [`${family} saddr ${network}`, `${family} daddr ${network}`];
    }),
  ].includes(conditions);
}

const concernsPort =
  ({ listenPort }: Tunnel) =>
  (rule: string): boolean =>
    namesPort(rule, listenPort) ||
    // An accept without protocols, ports or states covers all packets of an address or interface.
    (rule.endsWith('accept') &&
      !/\b(tcp|icmp|icmpv6|dport|sport|ct state|ct status|"lo"|igmp|ah|esp)\b|"lo"/.test(rule));

const concernsTunnel =
  ({ interfaceName, networks }: Tunnel) =>
  (rule: string): boolean =>
    rule.includes(`"${interfaceName}"`) ||
    networks.some((network) => rule.includes(network)) ||
    [...rule.matchAll(/"([^"]+)\*"/g)].some(([, start = '']) => interfaceName.startsWith(start));
