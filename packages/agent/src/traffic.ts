/** What the agent does to packets beside WireGuard itself. */
export interface Traffic {
  /**
   * Puts the rules in place, or replaces them at one stroke, for an interface with these addresses of its own, in CIDR
   * notation. Called before the agent serves anybody, and when the interface got another address.
   */
  install(ownAddresses: readonly string[]): Promise<void>;
  /**
   * Forgets the connections that these tunnel addresses have open, so that whoever gets an address next inherits
   * none of them. Answers the addresses for which that did not work.
   */
  cutFlows(addresses: readonly string[]): Promise<readonly string[]>;
}

/** For interfaces that carry no packets. */
export function createNoTraffic(): Traffic {
  return {
    install: () => Promise.resolve(),
    cutFlows: () => Promise.resolve([]),
  };
}
