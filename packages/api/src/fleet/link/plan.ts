import type { Acknowledgement, DesiredPeer, ObservedPeer } from '../peer.ts';

/** What has to be done so that a VPN server carries what is desired. Empty where it already does. */
export interface ReconcilePlan {
  /** Peers that nobody wants. They go first, so that their addresses are free for the others. */
  readonly evict: readonly ObservedPeer[];
  readonly remove: readonly DesiredPeer[];
  /**
   * Desired, with an allowed IP too many. They go before `set`: it may be the address of a device in there, and the agent
   * takes nothing from a peer that holds it.
   */
  readonly trim: readonly DesiredPeer[];
  readonly set: readonly DesiredPeer[];
  /** Already as desired, though the database does not know that it was acknowledged. */
  readonly acknowledged: readonly Acknowledgement[];
  readonly drift: Drift;
}

/** What somebody else changed on an interface. What merely has not been applied yet is none of it. */
export interface Drift {
  /** Peers that no device wants. */
  readonly added: number;
  /** Peers of devices that this epoch has acknowledged, and that are not there. */
  readonly removed: number;
  /** Peers of such devices that are there with other addresses. */
  readonly changed: number;
}

/** True where this epoch has acknowledged the newest generation. */
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
 * Compares what a VPN server carries with what is desired of it.
 *
 * `observed` must have been listed BEFORE `desired` was read: every live peer's row was committed before its push, so
 * a peer that was listed and then not desired is a true orphan. The other way round, a device that is registered in
 * between would be taken for one.
 *
 * @param epoch the life of the agent that gave `observed`
 */
export function planReconcile(
  observed: readonly ObservedPeer[],
  desired: readonly DesiredPeer[],
  epoch: string,
): ReconcilePlan {
  const observedByKey = new Map(observed.map((peer) => [peer.publicKey, peer]));
  const wantedByKey = new Map(desired.filter((peer) => peer.present).map((peer) => [peer.publicKey, peer]));
  const known = new Set(desired.map((peer) => peer.deviceId));
  // Old keys that go on carrying their device until the `set` of the new one, which is still to come, says what becomes of
  // them: an agent that has started anew knows neither.
  const replaced = new Set(
    desired
      .filter((peer) => peer.present && !carries(observedByKey.get(peer.publicKey), peer))
      .map((peer) => peer.replaces),
  );

  // A peer of a device that we know is left to that device's own `set` or `remove`, which its generation fences.
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
