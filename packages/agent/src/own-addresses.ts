import { hostPrefix, prefixAddress } from './host-prefix.ts';
import { parsePrefix } from './prefix.ts';

/**
 * The VPN server's own tunnel addresses: those that its interface has, and those that the control plane said. No device
 * can have one, and each tells by its length which network devices have theirs from.
 */
export class OwnAddresses {
  /** In CIDR notation. */
  readonly #all = new Set<string>();
  /** The addresses alone, as host prefixes. */
  readonly hosts = new Set<string>();

  constructor(addresses: readonly string[]) {
    this.add(addresses);
  }

  get all(): readonly string[] {
    return [...this.#all];
  }

  /** Answers whether any of them is new. */
  add(addresses: readonly string[]): boolean {
    const before = this.#all.size;
    for (const address of addresses.map(canonical)) {
      this.#all.add(address);
      const host = hostPrefix(prefixAddress(address));
      if (host !== undefined) this.hosts.add(host);
    }
    return this.#all.size > before;
  }
}

/**
 * What of `wanted` an interface with the addresses `has` lacks. An IPv6 address is on an interface at most once,
 * whatever its length; an IPv4 one once for each length.
 */
export function missingAddresses(wanted: readonly string[], has: readonly string[]): string[] {
  const identity = (address: string) => (address.includes(':') ? prefixAddress(address) : address);
  const present = new Set(has.map((address) => identity(canonical(address))));
  return wanted.map(canonical).filter((address) => !present.has(identity(address)));
}

/** In the spelling of `ip`, so that comparing text compares addresses. */
function canonical(text: string): string {
  const prefix = parsePrefix(text);
  const host = prefix === undefined ? undefined : hostPrefix(prefix.address);
  return prefix === undefined || host === undefined ? text : `${prefixAddress(host)}/${prefix.length}`;
}
