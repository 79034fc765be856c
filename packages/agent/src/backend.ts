import type { Fault } from './guard.ts';

/** A peer as the interface has it: nothing but its key and its allowed IPs, in the spelling of `wg`. */
export interface ObservedPeer {
  readonly publicKey: string;
  readonly allowedIps: readonly string[];
}

/**
 * One change to the interface. `set` makes the peer hold exactly these host prefixes and this preshared key (absent:
 * none), whatever it held before.
 */
export type PeerChange =
  | {
      readonly kind: 'set';
      readonly publicKey: string;
      readonly allowedIps: readonly string[];
      readonly presharedKey?: string;
    }
  | { readonly kind: 'remove'; readonly publicKey: string }
  /** Gives a peer that is there exactly these host prefixes, and leaves its preshared key and its session alone. */
  | { readonly kind: 'readdress'; readonly publicKey: string; readonly allowedIps: readonly string[] };

export interface InterfaceDescription {
  readonly publicKey: string;
  readonly listenPort: number;
  /** The interface's own addresses in CIDR notation, as `10.8.0.1/24`; link-local ones are left out. */
  readonly addresses: readonly string[];
}

/**
 * The agent's way to one WireGuard interface. Backends do as the interface does and protect nobody: setting an
 * address that another peer holds moves it without a word, setting the interface's own key does nothing, and one
 * malformed key fails the whole call. The agent is what stands between those and a device.
 */
export interface WireGuardBackend {
  readonly interfaceName: string;
  /** Most peers that this kind of interface holds. */
  readonly maxPeers: number;
  describe(): Promise<InterfaceDescription>;
  peers(): Promise<ObservedPeer[]>;
  /** When each peer had its last handshake, in seconds since 1970; 0 for never. */
  handshakes(): Promise<ReadonlyMap<string, number>>;
  /** Makes the changes in their order, in one go. When it throws, any part of them may have been made. */
  apply(changes: readonly PeerChange[]): Promise<void>;
  /**
   * Removes peers and adds them again with the same preshared keys and these host prefixes, so that the interface has
   * forgotten all that it learned of them: endpoint, session, last handshake.
   */
  renew(peers: readonly ObservedPeer[]): Promise<void>;
  /** Gives the interface these addresses of its own, in CIDR notation; one that it has already is no error. */
  addAddresses(addresses: readonly string[]): Promise<void>;
  /** The networks, in CIDR notation, and routers that the machine reaches by its other interfaces. */
  networksElsewhere(): Promise<string[]>;
  /**
   * Looks whether the interface is still as it was when the backend was made: up, with its MTU, its port and its mark, and
   * with these addresses of its own. Each fault can be mended.
   * @throws where the interface cannot be read
   */
  faults(own: readonly string[]): Promise<Fault[]>;
  /** Gives an interface that was renamed its name back; answers the other name, undefined where that was not it. */
  takeNameBack(): Promise<string | undefined>;
  /** Something that differs once the interface was removed and made anew; undefined while there is none. */
  incarnation(): Promise<string | undefined>;
}
