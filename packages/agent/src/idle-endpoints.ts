import type { ObservedPeer, WireGuardBackend } from './backend.ts';
import type { SerialQueue } from './serial-queue.ts';
import type { InterfaceState } from './state.ts';

/** As many peers as one batch has, so a registration waits no longer for these than for one. */
const AT_ONCE = 128;

export interface IdleEndpointsOptions {
  readonly backend: WireGuardBackend;
  readonly state: InterfaceState;
  readonly queue: SerialQueue;
  /** Removes peers and adds them again as they were. */
  renew(peers: readonly ObservedPeer[]): Promise<void>;
  /** How long after its last handshake a client's endpoint is forgotten. */
  readonly forgetAfterMs: number;
}

/**
 * Makes the interface forget the endpoints of silent clients, which it would keep for ever. Only a recreated peer
 * has no endpoint. It has no handshake either, so each silence costs one write. A client that returns makes a
 * handshake, as it must after three minutes anyway.
 */
export class IdleEndpoints {
  readonly #options: IdleEndpointsOptions;
  /** Peers recreated since their last handshake: the interface reports that they never had one. */
  readonly #forgotten = new Set<string>();

  constructor(options: IdleEndpointsOptions) {
    this.#options = options;
  }

  /** True for a peer that had a handshake before its endpoint was forgotten. */
  hadHandshake(publicKey: string): boolean {
    return this.#forgotten.has(publicKey);
  }

  async forget(): Promise<void> {
    const { backend, queue } = this.#options;
    const handshakes = await backend.handshakes();
    for (const publicKey of this.#forgotten) {
      if (handshakes.get(publicKey) !== 0) this.#forgotten.delete(publicKey);
    }
    let waiting = this.#silent(handshakes);
    while (waiting.length > 0) {
      const some = waiting.slice(0, AT_ONCE);
      waiting = waiting.slice(AT_ONCE);
      await queue.run(() => this.#renew(some));
    }
  }

  /** Checks again first: a client that has just returned keeps its tunnel. */
  async #renew(publicKeys: readonly string[]): Promise<void> {
    const { backend, state } = this.#options;
    const still = new Set(this.#silent(await backend.handshakes()));
    const peers = publicKeys.flatMap((publicKey) => {
      const allowedIps = state.allowedIps(publicKey);
      return allowedIps === undefined || !still.has(publicKey) ? [] : [{ publicKey, allowedIps }];
    });
    if (peers.length === 0) return;
    await this.#options.renew(peers);
    for (const { publicKey } of peers) this.#forgotten.add(publicKey);
  }

  #silent(handshakes: ReadonlyMap<string, number>): string[] {
    const latest = (Date.now() - this.#options.forgetAfterMs) / 1000;
    const silent: string[] = [];
    for (const [publicKey, at] of handshakes) if (at !== 0 && at < latest) silent.push(publicKey);
    return silent;
  }
}
