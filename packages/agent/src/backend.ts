import type { Fault } from './guard.ts';

/** A peer as the interface has it: its key and its allowed IPs, in the spelling of `wg`. */
export interface ObservedPeer {
  readonly publicKey: string;
  readonly allowedIps: readonly string[];
}

/**
 * One change to the interface. `set` gives the peer exactly these host prefixes and this preshared key (absent:
 * none), no matter what it had before.
 */
export type PeerChange =
  | {
      readonly kind: 'set';
      readonly publicKey: string;
      readonly allowedIps: readonly string[];
      readonly presharedKey?: string;
    }
  | { readonly kind: 'remove'; readonly publicKey: string }
  /** Gives an existing peer exactly these host prefixes and leaves its preshared key and session alone. */
  | { readonly kind: 'readdress'; readonly publicKey: string; readonly allowedIps: readonly string[] };

export interface InterfaceDescription {
  readonly publicKey: string;
  readonly listenPort: number;
  /** The interface's own addresses in CIDR notation, such as `10.8.0.1/24`, without link-local ones. */
  readonly addresses: readonly string[];
}

/**
 * The agent's access to one WireGuard interface. Backends behave like the interface and protect no device: setting
 * an address that another peer holds moves it without an error, setting the interface's own key does nothing, and
 * one malformed key fails the whole call. The agent must prevent all three.
 */
export interface WireGuardBackend {
  readonly interfaceName: string;
  /** The most peers that this kind of interface holds. */
  readonly maxPeers: number;
  describe(): Promise<InterfaceDescription>;
  peers(): Promise<ObservedPeer[]>;
  /** The time of each peer's last handshake, in seconds since 1970; 0 for never. */
  handshakes(): Promise<ReadonlyMap<string, number>>;
  /** Makes the changes in order, in one call. When it throws, any part of them may have been made. */
  apply(changes: readonly PeerChange[]): Promise<void>;
  /**
   * Removes peers and adds them again with the same preshared keys and these host prefixes. The interface then
   * forgets their endpoint, session and last handshake.
   */
  renew(peers: readonly ObservedPeer[]): Promise<void>;
  /** Adds these addresses, in CIDR notation, to the interface. An address that it already has is no error. */
  addAddresses(addresses: readonly string[]): Promise<void>;
  /** The networks, in CIDR notation, and the routers that the machine reaches by its other interfaces. */
  networksElsewhere(): Promise<string[]>;
  /**
   * Checks whether the interface is as it was when the backend was made: up, with its MTU, port and mark, and with
   * these addresses. Each fault can be mended.
   * @throws if the interface cannot be read
   */
  faults(own: readonly string[]): Promise<Fault[]>;
  /** Restores the name of a renamed interface. Returns the other name, or undefined if it was not renamed. */
  takeNameBack(): Promise<string | undefined>;
  /** An identifier that changes when the interface is recreated; undefined while there is none. */
  incarnation(): Promise<string | undefined>;
}
