import type { Acknowledgement, DesiredPeer, ObservedPeer } from '../peer.ts';

/** The steps that make a VPN server match the desired state. Empty if it already does. */
export interface ReconcilePlan {
  /** Peers that no device wants. They go first, to free their addresses. */
  readonly evict: readonly ObservedPeer[];
  readonly remove: readonly DesiredPeer[];
  /**
   * Desired peers with an extra allowed IP. They go before `set`: the extra one may be the address of a device in
   * `set`, and the agent takes no address from a peer that holds it.
   */
  readonly trim: readonly DesiredPeer[];
  readonly set: readonly DesiredPeer[];
  /** Already as desired, but the database lacks the acknowledgement. */
  readonly acknowledged: readonly Acknowledgement[];
  readonly drift: Drift;
}

/** Changes that somebody else made on an interface. Changes not applied yet do not count. */
export interface Drift {
  /** Peers that no device wants. */
  readonly added: number;
  /** Missing peers of devices that this epoch has acknowledged. */
  readonly removed: number;
  /** Peers of such devices with other addresses. */
  readonly changed: number;
}

/** True if this epoch has acknowledged the newest generation. */
export function isNoted(peer: DesiredPeer, epoch: string): boolean {
  return peer.appliedGeneration === peer.generation && peer.appliedEpoch === epoch;
}

/** A host address in the notation that interfaces list. */
function asAllowedIp(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

function carries(observed: ObservedPeer | undefined, wanted: DesiredPeer): boolean {
  return (
    observed !== undefined &&
    observed.owner?.deviceId === wanted.deviceId &&
    observed.owner.generation === wanted.generation &&
    observed.allowedIps.length === wanted.addresses.length &&
    wanted.addresses.every((address) => observed.allowedIps.includes(asAllowedIp(address)))
  );
}

function hasTooMany(observed: ObservedPeer | undefined, wanted: DesiredPeer): boolean {
  const own = wanted.addresses.map(asAllowedIp);
  return observed?.allowedIps.some((allowedIp) => !own.includes(allowedIp)) === true;
}

/**
 * Compares the peers of a VPN server with the desired ones.
 *
 * `observed` must be listed BEFORE `desired` is read: every live peer's row is committed before its push, so a
 * listed peer that is not desired is a true orphan. In the other order, a device registered in between would look
 * like one.
 */
export function planReconcile(
  observed: readonly ObservedPeer[],
  desired: readonly DesiredPeer[],
  epoch: string,
): ReconcilePlan {
  const observedByKey = new Map(observed.map((peer) => [peer.publicKey, peer]));
  const wantedByKey = new Map(desired.filter((peer) => peer.present).map((peer) => [peer.publicKey, peer]));
  const known = new Set(desired.map((peer) => peer.deviceId));
  // Old keys that carry their device until the new key is set. The device's `set`, still to come, removes them: a
  // restarted agent knows neither key.
  const replaced = new Set(
    desired
      .filter((peer) => peer.present && !carries(observedByKey.get(peer.publicKey), peer))
      .map((peer) => peer.replaces),
  );

  // A peer of a known device is left to that device's own `set` or `remove`, which its generation fences.
  const evict = observed.filter(
    (peer) =>
      !wantedByKey.has(peer.publicKey) &&
      !(peer.owner !== null && known.has(peer.owner.deviceId)) &&
      !replaced.has(peer.publicKey),
  );
  const remove: DesiredPeer[] = [];
  const trim: DesiredPeer[] = [];
  const set: DesiredPeer[] = [];
  const acknowledged: Acknowledgement[] = [];
  const drift = { added: evict.length, removed: 0, changed: 0 };
  for (const wanted of desired) {
    const noted = isNoted(wanted, epoch);
    const carried = observedByKey.get(wanted.publicKey);
    if (!wanted.present) {
      if (!noted) remove.push(wanted);
    } else if (!carries(carried, wanted)) {
      if (noted) drift[carried === undefined ? 'removed' : 'changed']++;
      (hasTooMany(carried, wanted) ? trim : set).push(wanted);
    } else if (!noted) {
      acknowledged.push({ deviceId: wanted.deviceId, generation: wanted.generation });
    }
  }
  return { evict, remove, trim, set, acknowledged, drift };
}
