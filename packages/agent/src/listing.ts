import type { ListedPeer } from '@cvault/protocol';
import type { InterfaceState } from './state.ts';

/** The protocol allows more, but writing and reading this many delays neither side for long. */
const PAGE_PEERS = 100;

/** Keys recorded in one step. */
const STEP_PEERS = 500;

/**
 * The most allowed IPs shown of one peer. A device has at most four, so a longer list is drift in any case. The
 * limit also keeps a peer with thousands of routes added by hand from pushing a page over the line limit.
 */
const SHOWN_ALLOWED_IPS = 8;

export interface Page {
  readonly peers: ListedPeer[];
  readonly more: boolean;
}

/**
 * All peers by key, ordered by public key. A peer is described when its page is made: a registration does not wait
 * until 50,000 are described. Keys are grouped by their first character, and each group is sorted when its turn
 * comes.
 */
export class Listing {
  readonly #buckets = new Map<string, Set<string>>();
  readonly #sorted = new Map<string, readonly string[]>();

  /**
   * Records the keys of all peers, in steps between which batches may run. A peer that is removed and set again
   * meanwhile comes twice and is recorded once.
   */
  *collecting(state: InterfaceState): Generator<undefined, void> {
    let steps = 0;
    for (const publicKey of state.publicKeys()) {
      if (++steps % STEP_PEERS === 0) yield;
      const first = publicKey[0] ?? '';
      const bucket = this.#buckets.get(first);
      if (bucket === undefined) this.#buckets.set(first, new Set([publicKey]));
      else bucket.add(publicKey);
    }
  }

  page(state: InterfaceState, after: string | undefined): Page {
    const peers: ListedPeer[] = [];
    for (const first of [...this.#buckets.keys()].sort()) {
      if (after !== undefined && first < after.charAt(0)) continue;
      for (const publicKey of this.#bucket(first)) {
        if (after !== undefined && publicKey <= after) continue;
        if (peers.length === PAGE_PEERS) return { peers, more: true };
        peers.push(...describePeer(state, publicKey));
      }
    }
    return { peers, more: false };
  }

  #bucket(first: string): readonly string[] {
    let sorted = this.#sorted.get(first);
    if (sorted === undefined) {
      sorted = [...(this.#buckets.get(first) ?? [])].sort();
      this.#sorted.set(first, sorted);
    }
    return sorted;
  }
}

/** A replacement in progress, as its op wants it, shows as done: there is nothing to mend. */
function describePeer(state: InterfaceState, publicKey: string): ListedPeer[] {
  const observed = state.allowedIps(publicKey);
  if (observed === undefined) return [];
  const deviceId = state.keyOwner(publicKey);
  const device = deviceId === undefined ? undefined : state.device(deviceId);
  const isReplacing =
    device?.kind === 'present' && device.replacing !== undefined && state.isOrderly(deviceId ?? '');
  if (isReplacing && device.replacing === publicKey) return [];
  const allowedIps = isReplacing ? device.prefixes : observed;
  const owner =
    deviceId === undefined || device === undefined ? null : { deviceId, generation: device.generation };
  return [{ publicKey, allowedIps: allowedIps.slice(0, SHOWN_ALLOWED_IPS), owner }];
}
