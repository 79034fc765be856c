import { LIST_PAGE_PEERS, type ListedPeer } from '@cvault/protocol';
import type { InterfaceState } from './state.ts';

/**
 * Most allowed IPs shown of one peer. A device has at most four, so a longer list is drift whatever else it holds,
 * and a peer that somebody gave thousands of routes by hand cannot push a page over the line limit.
 */
const SHOWN_ALLOWED_IPS = 8;

export interface Page {
  readonly peers: ListedPeer[];
  readonly more: boolean;
}

/** All peers at one moment, ordered by public key. */
export class Listing {
  readonly #peers: readonly ListedPeer[];

  constructor(state: InterfaceState) {
    this.#peers = [...state.publicKeys()].sort().flatMap((publicKey) => describePeer(state, publicKey));
  }

  page(after: string | undefined): Page {
    const start = after === undefined ? 0 : this.#firstAfter(after);
    const end = start + LIST_PAGE_PEERS;
    return { peers: this.#peers.slice(start, end), more: end < this.#peers.length };
  }

  #firstAfter(publicKey: string): number {
    let low = 0;
    let high = this.#peers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const peer = this.#peers[middle];
      if (peer !== undefined && peer.publicKey <= publicKey) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A replacement that is under way as its op wants it shows as if it was done: there is nothing to mend. */
function describePeer(state: InterfaceState, publicKey: string): ListedPeer[] {
  const deviceId = state.keyOwner(publicKey);
  const device = deviceId === undefined ? undefined : state.device(deviceId);
  const isReplacing =
    device?.kind === 'present' && device.replacing !== undefined && state.isOrderly(deviceId ?? '');
  if (isReplacing && device.replacing === publicKey) return [];
  const allowedIps = isReplacing ? device.prefixes : (state.allowedIps(publicKey) ?? []);
  const owner =
    deviceId === undefined || device === undefined ? null : { deviceId, generation: device.generation };
  return [{ publicKey, allowedIps: allowedIps.slice(0, SHOWN_ALLOWED_IPS), owner }];
}
