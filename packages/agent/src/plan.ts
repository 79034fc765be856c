/**
 * The rules of what one op may do in the agent's current state. Planning an op changes the state as if its changes
 * were made, so the next op of the batch sees them. The caller commits or rolls back once it knows the result.
 */
import { parsePublicKey } from '@cvault/wireguard';
import {
  digestOfPeer,
  type EvictOp,
  type Op,
  type OpResult,
  type RemoveOp,
  type SetOp,
} from '@cvault/protocol';
import type { PeerChange } from './backend.ts';
import { hostPrefixes, isHostPrefix, prefixAddress, samePrefixes } from './host-prefix.ts';
import type { OwnAddresses } from './own-addresses.ts';
import { keysOf, type InterfaceState, type PresentDevice } from './state.ts';
import type { DevicePolicy } from './traffic.ts';
import type { UncutFlows } from './uncut-flows.ts';
import type { UnsettledCounts } from './unsettled-counts.ts';

export interface PlanContext {
  readonly state: InterfaceState;
  readonly uncut: UncutFlows;
  readonly unsettled: UnsettledCounts;
  readonly maxPeers: number;
  readonly ownPublicKey: string;
  readonly own: OwnAddresses;
}

export interface Plan {
  readonly result: OpResult;
  readonly changes: readonly PeerChange[];
  /** Host prefixes that leave their peer by this op, and the device that had them. */
  /** The policy to put in force before the device can send a packet; undefined if it is already in force. */
  readonly policy?: DevicePolicy;
  readonly freed: { readonly prefixes: readonly string[]; readonly deviceId: string | null };
}

const APPLIED: OpResult = { outcome: 'applied' };
const NONE_FREED = { prefixes: [], deviceId: null };

export function planOp(context: PlanContext, op: Op): Plan {
  switch (op.verb) {
    case 'set':
      return planSet(context, op);
    case 'remove':
      return planRemove(context, op);
    case 'evict':
      return planEvict(context, op);
  }
}

function planSet(context: PlanContext, op: SetOp): Plan {
  const { state, uncut } = context;
  const deviceId = op.deviceId.toLowerCase();
  const known = state.device(deviceId);
  if (known !== undefined && op.generation < known.generation) return stale();
  if (known?.kind === 'removed' && op.generation === known.generation) return stale();

  const prefixes = hostPrefixes(op.addresses);
  if (prefixes === undefined) return unchanged('invalid', 'an address is not a plain host address');
  if (prefixes.some((prefix) => context.own.hosts.has(prefix))) {
    return unchanged('invalid', "an address is the interface's own");
  }
  if (!prefixes.every((prefix) => context.own.mayGiveOut(prefixAddress(prefix)))) {
    return unchanged('invalid', "an address is in none of the tunnel's networks");
  }
  if (!isPublicKey(op.publicKey)) return unchanged('invalid', 'the key is not a usable public key');
  if (op.publicKey === context.ownPublicKey) return unchanged('invalid', "the key is the interface's own");
  if (op.publicKey === op.replaces) return unchanged('invalid', 'a key cannot replace itself');

  const claim = known?.kind === 'present' ? known : undefined;
  if (claim?.generation === op.generation) {
    if (claim.publicKey !== op.publicKey || !samePrefixes(claim.prefixes, prefixes)) {
      return unchanged('invalid', 'this generation was applied with another key or other addresses');
    }
  }
  if (uncut.holdsBack(deviceId) || prefixes.some((prefix) => uncut.has(prefix))) return flowsNotCut();
  if (context.unsettled.holdsBack(deviceId, prefixes)) {
    return unchanged('error', 'what passed for the last holder of an address could not be counted yet');
  }

  for (const publicKey of [op.publicKey, op.replaces]) {
    const owner = publicKey === undefined ? undefined : state.keyOwner(publicKey);
    if (owner !== undefined && owner !== deviceId) {
      return unchanged('conflict', 'the key belongs to another device');
    }
  }
  const ownKeys = [op.publicKey, op.replaces, ...(claim === undefined ? [] : keysOf(claim))];
  for (const prefix of prefixes) {
    const owner = state.prefixOwner(prefix);
    if (owner !== undefined && owner !== deviceId) {
      return unchanged('conflict', 'an address belongs to another device');
    }
    const holder = state.holder(prefix);
    if (holder !== undefined && !ownKeys.includes(holder)) {
      return unchanged('conflict', 'an address is held by another peer of the interface');
    }
  }

  const observed = state.allowedIps(op.publicKey);
  const mayReplace = keyToReplace(state, op, claim, prefixes);
  // A full interface has no room for two keys of one device: the new one takes over at once.
  const replacing = observed === undefined && state.peerCount >= context.maxPeers ? undefined : mayReplace;
  const outgoingKeys = new Set([op.replaces, ...(claim === undefined ? [] : keysOf(claim))]);
  for (const kept of [op.publicKey, replacing, undefined]) outgoingKeys.delete(kept);
  const outgoing = [...outgoingKeys].flatMap((publicKey) => {
    const allowedIps = publicKey === undefined ? undefined : state.allowedIps(publicKey);
    return publicKey === undefined || allowedIps === undefined ? [] : [{ publicKey, allowedIps }];
  });
  if (observed === undefined && outgoing.length === 0 && state.peerCount >= context.maxPeers) {
    return unchanged('full', `the interface holds ${state.peerCount} peers`);
  }

  const changes: PeerChange[] = [];
  for (const { publicKey } of outgoing) {
    changes.push({ kind: 'remove', publicKey });
    state.deletePeer(publicKey);
  }
  const allowedIps = replacing === undefined ? prefixes : [];
  if (
    observed === undefined ||
    !samePrefixes(observed, allowedIps) ||
    mayHaveAnotherPresharedKey(op, claim)
  ) {
    changes.push({
      kind: 'set',
      publicKey: op.publicKey,
      allowedIps,
      ...(op.presharedKey === undefined ? {} : { presharedKey: op.presharedKey }),
    });
    state.setPeer(op.publicKey, allowedIps);
  }
  state.setDevice(deviceId, {
    kind: 'present',
    generation: op.generation,
    publicKey: op.publicKey,
    prefixes,
    replacing,
    hasPresharedKey: op.presharedKey !== undefined,
    budgets: op.limits?.budgets?.map(({ id }) => id) ?? [],
    digest: digestOfPeer({ ...op, deviceId, addresses: inDigestOrder(prefixes) }),
  });
  const left = hostPrefixesOf(claim?.prefixes, ...outgoing.map((peer) => peer.allowedIps), observed).filter(
    (prefix) => !prefixes.includes(prefix),
  );
  const freed = { prefixes: left, deviceId };
  if (claim?.generation === op.generation) return { result: APPLIED, changes, freed };
  const { limits, network } = op;
  const policy = { deviceId, addresses: prefixes.map(prefixAddress), limits, network };
  return { result: APPLIED, changes, policy, freed };
}

/**
 * The key that keeps the addresses for now. Undefined if the op's own key takes them at once: no peer of the old
 * key has exactly these, or the new key has taken them already.
 */
function keyToReplace(
  state: InterfaceState,
  { replaces, generation, publicKey }: SetOp,
  claim: PresentDevice | undefined,
  prefixes: readonly string[],
): string | undefined {
  if (replaces === undefined) return undefined;
  if (claim?.generation === generation && claim.replacing !== replaces) return undefined;
  if (samePrefixes(state.allowedIps(publicKey) ?? [], prefixes)) return undefined;
  const carried = state.allowedIps(replaces);
  return carried !== undefined && samePrefixes(carried, prefixes) ? replaces : undefined;
}

/** Moves a device's addresses from its old key to its new one. */
export function planReplacement({ state }: PlanContext, deviceId: string): Plan {
  const record = state.device(deviceId);
  if (record?.kind !== 'present' || record.replacing === undefined) return applied();
  if (state.allowedIps(record.publicKey) === undefined) return applied();
  const { publicKey, prefixes, replacing } = record;
  state.deletePeer(replacing);
  state.setPeer(publicKey, prefixes);
  state.setDevice(deviceId, { ...record, replacing: undefined });
  return {
    result: APPLIED,
    changes: [
      { kind: 'remove', publicKey: replacing },
      { kind: 'readdress', publicKey, allowedIps: prefixes },
    ],
    freed: NONE_FREED,
  };
}

/** IPv4 before IPv6, whatever the op's order. */
function inDigestOrder(prefixes: readonly string[]): string[] {
  const addresses = prefixes.map(prefixAddress);
  const isIPv6 = (address: string) => address.includes(':');
  return [...addresses.filter((address) => !isIPv6(address)), ...addresses.filter(isIPv6)];
}

/**
 * Whether the peer's preshared key may differ from the op's. The agent reads and keeps no preshared keys, so it
 * cannot compare them: the same generation has the same key, and a new generation may have another. A found peer
 * gets the op's key; without one it stays as it was found.
 */
function mayHaveAnotherPresharedKey(op: SetOp, claim: PresentDevice | undefined): boolean {
  if (claim === undefined) return op.presharedKey !== undefined;
  return claim.generation !== op.generation && (claim.hasPresharedKey || op.presharedKey !== undefined);
}

function planRemove(context: PlanContext, op: RemoveOp): Plan {
  const { state, uncut } = context;
  const deviceId = op.deviceId.toLowerCase();
  const known = state.device(deviceId);
  if (known !== undefined && op.generation < known.generation) return stale();
  if (uncut.holdsBack(deviceId)) return flowsNotCut();

  if (known?.kind !== 'present') {
    // A peer of this device may be left from an earlier epoch, under a key that the op does not name. While any
    // peer is unclaimed, the device may still be there, and an acknowledgement would free its address.
    const proven = known?.proven === true || state.unclaimedPeers === 0;
    state.setDevice(deviceId, { kind: 'removed', generation: op.generation, proven });
    return proven
      ? applied()
      : unchanged('error', 'peers without a device are left: list and evict them first');
  }

  const changes: PeerChange[] = [];
  const carried: string[] = [];
  for (const publicKey of keysOf(known)) {
    const observed = state.allowedIps(publicKey);
    if (observed === undefined) continue;
    carried.push(...observed);
    changes.push({ kind: 'remove', publicKey });
    state.deletePeer(publicKey);
  }
  state.setDevice(deviceId, { kind: 'removed', generation: op.generation, proven: true });
  return {
    result: APPLIED,
    changes,
    freed: { prefixes: hostPrefixesOf(known.prefixes, carried), deviceId },
  };
}

function planEvict(context: PlanContext, op: EvictOp): Plan {
  const { state } = context;
  const ownerId = state.keyOwner(op.publicKey);
  const observed = state.allowedIps(op.publicKey);
  if (ownerId === undefined) {
    if (observed === undefined) return applied();
    if (op.owner !== null) return stale();
    state.deletePeer(op.publicKey);
    return {
      result: APPLIED,
      changes: [{ kind: 'remove', publicKey: op.publicKey }],
      freed: { prefixes: hostPrefixesOf(observed), deviceId: null },
    };
  }
  const owner = state.device(ownerId);
  if (owner?.kind !== 'present') throw new Error('a key is owned by a device that is not present');
  // The old key of a device is not the device: it goes when the new one has taken over.
  if (owner.replacing === op.publicKey) return stale();
  if (op.owner?.deviceId.toLowerCase() !== ownerId || op.owner.generation !== owner.generation)
    return stale();
  return planRemove(context, { verb: 'remove', deviceId: ownerId, generation: owner.generation });
}

/** Leaves out wider prefixes: they exist only on peers made by hand, and cover addresses of living devices. */
function hostPrefixesOf(...lists: (readonly string[] | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []).filter(isHostPrefix))];
}

function isPublicKey(text: string): boolean {
  try {
    parsePublicKey(text);
    return true;
  } catch {
    return false;
  }
}

function applied(): Plan {
  return { result: APPLIED, changes: [], freed: NONE_FREED };
}

function stale(): Plan {
  return { result: { outcome: 'stale' }, changes: [], freed: NONE_FREED };
}

function flowsNotCut(): Plan {
  return unchanged('error', 'old connections of an address could not be cut yet');
}

function unchanged(outcome: OpResult['outcome'], detail: string): Plan {
  return { result: { outcome, detail }, changes: [], freed: NONE_FREED };
}
