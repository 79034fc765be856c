import { createHash } from 'node:crypto';
import { type DesiredPeer, type ObservedPeer, isNoted, planReconcile } from '../fleet/index.ts';
import type { Breach, Finding } from './finding.ts';

/** A name for an unknown peer. Public keys are not secret, but do not belong in every log. */
const shortName = (publicKey: string): string =>
  `peer ${createHash('sha256').update(publicKey).digest('hex').slice(0, 16)}`;

/**
 * Finds what a reconciliation would repair on an interface. A device with an unacknowledged generation is late, not
 * wrong.
 * @param observed listed before `desired` was read: see planReconcile
 * @param epoch the agent's epoch at the listing
 */
export function examineInterface(
  serverId: string,
  observed: readonly ObservedPeer[],
  desired: readonly DesiredPeer[],
  epoch: string,
): Finding[] {
  const findings: Finding[] = [];
  const find = (breach: Breach, tenantId: string | null, subject: string, detail: string) =>
    findings.push({ breach, serverId, tenantId, subject, detail });
  const observedByKey = new Map(observed.map((peer) => [peer.publicKey, peer]));
  const desiredById = new Map(desired.map((peer) => [peer.deviceId, peer]));
  const plan = planReconcile(observed, desired, epoch);

  for (const peer of plan.evict) {
    find('orphan_peer', null, peer.owner?.deviceId ?? shortName(peer.publicKey), peer.allowedIps.join(' '));
  }
  for (const peer of [...plan.trim, ...plan.set].filter((each) => isNoted(each, epoch))) {
    const carried = observedByKey.get(peer.publicKey);
    const wanted = `generation ${peer.generation}, ${peer.addresses.join(' ')}`;
    if (carried === undefined) find('missing_peer', peer.tenantId, peer.deviceId, wanted);
    else {
      const found = `carries ${carried.allowedIps.join(' ') || 'nothing'}, wanted: ${wanted}`;
      find('wrong_addresses', peer.tenantId, peer.deviceId, found);
    }
  }
  for (const { owner, publicKey } of observed) {
    const peer = owner === null ? undefined : desiredById.get(owner.deviceId);
    if (owner === null || peer === undefined) continue;
    if (owner.generation > peer.generation) {
      const detail = `carries ${owner.generation}, the newest is ${peer.generation}`;
      find('peer_ahead', peer.tenantId, peer.deviceId, detail);
    } else if (!peer.present && isNoted(peer, epoch)) {
      find('orphan_peer', peer.tenantId, peer.deviceId, `${shortName(publicKey)}, acknowledged as removed`);
    }
  }
  return findings;
}
