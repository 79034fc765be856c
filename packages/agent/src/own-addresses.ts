import {
  type Cidr,
  cidrsOverlap,
  formatAddress,
  isIpInCidr,
  parseAddress,
  parseAddressWithPrefix,
  parseRoute,
  whyNoTunnelNetwork,
} from '@cvault/wireguard';
import { hostPrefix, prefixAddress } from './host-prefix.ts';
import { parsePrefix } from './prefix.ts';

/**
 * The VPN server's own tunnel addresses: those of its interface, and those from the control plane. No device can
 * have one. The length of each gives a network for devices.
 */
export class OwnAddresses {
  /** In CIDR notation. */
  readonly #all = new Set<string>();
  /** The addresses alone, as host prefixes. */
  readonly hosts = new Set<string>();

  /** The networks that tunnel addresses come from. */
  #networks: readonly Cidr[] = [];
  readonly #fixed: boolean;

  /** @param networks that tunnel addresses come from; if empty, those of the own addresses */
  constructor(addresses: readonly string[], networks: readonly string[] = []) {
    this.#fixed = networks.length > 0;
    this.#networks = networks.map(networkOf);
    this.add(addresses);
  }

  get all(): readonly string[] {
    return [...this.#all];
  }

  /** Returns whether any of them is new. */
  add(addresses: readonly string[]): boolean {
    const before = this.#all.size;
    for (const address of addresses.map(canonical)) {
      this.#all.add(address);
      const host = hostPrefix(prefixAddress(address));
      if (host !== undefined) this.hosts.add(host);
    }
    if (!this.#fixed) this.#networks = this.all.map(networkOf);
    return this.#all.size > before;
  }

  /** True if a device may have this tunnel address: it is in a network that the VPN server routes into the tunnel. */
  mayGiveOut(address: string): boolean {
    const parsed = parseAddress(address);
    return this.#networks.some((network) => isIpInCidr(parsed, network));
  }

  /**
   * Why the interface may not get these addresses; undefined if it may. Addresses that it already has were set on
   * the machine itself. The control plane cannot add any that would draw the machine's other traffic into the
   * tunnel.
   * @param elsewhere networks that the machine reaches by other interfaces
   */
  whyNot(addresses: readonly string[], elsewhere: readonly string[]): string | undefined {
    const others = elsewhere.map(networkOf);
    for (const address of addresses.map(canonical)) {
      if (this.#all.has(address)) continue;
      if (hostPrefix(prefixAddress(address)) === undefined) return `${address} is not a plain address`;
      const network = networkOf(address);
      const reason = whyNoTunnelNetwork(network);
      if (reason !== undefined) return `the network of ${address} ${reason}`;
      const taken = others.find((other) => cidrsOverlap(other, network));
      if (taken !== undefined) {
        return `the network of ${address} overlaps ${taken.canonical}, which another interface of the VPN server leads to`;
      }
    }
    return undefined;
  }
}

/** The network of an address with a prefix length. */
function networkOf(text: string): Cidr {
  const { address, prefix } = parseAddressWithPrefix(text);
  const { family, value } = address;
  const hostBits = BigInt((family === 4 ? 32 : 128) - prefix);
  return parseRoute(`${formatAddress({ family, value: (value >> hostBits) << hostBits })}/${prefix}`);
}

/**
 * The addresses of `wanted` that an interface with the addresses `has` lacks. An interface has an IPv6 address at
 * most once, whatever its length; an IPv4 address once for each length.
 */
export function missingAddresses(wanted: readonly string[], has: readonly string[]): string[] {
  const identity = (address: string) => (address.includes(':') ? prefixAddress(address) : address);
  const present = new Set(has.map((address) => identity(canonical(address))));
  return wanted.map(canonical).filter((address) => !present.has(identity(address)));
}

/** In the spelling of `ip`, so that equal text means equal addresses. */
function canonical(text: string): string {
  const prefix = parsePrefix(text);
  const host = prefix === undefined ? undefined : hostPrefix(prefix.address);
  return prefix === undefined || host === undefined ? text : `${prefixAddress(host)}/${prefix.length}`;
}
