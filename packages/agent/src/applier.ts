import type { OpResult } from '@cvault/protocol';
import type { ObservedPeer, PeerChange, WireGuardBackend } from './backend.ts';
import { hostPrefixes, prefixAddress } from './host-prefix.ts';
import type { Metering } from './metering.ts';
import { planOp, planReplacement, type Plan, type PlanContext } from './plan.ts';
import type { ReceivedOp } from './requests.ts';
import type { Traffic } from './traffic.ts';

const UNREADABLE: Plan = {
  result: { outcome: 'invalid', detail: 'the op is malformed' },
  changes: [],
  freed: { prefixes: [], deviceId: null },
};
const NOT_CHANGED: OpResult = { outcome: 'error', detail: 'the interface could not be changed' };
const NOT_READ: OpResult = { outcome: 'error', detail: 'the interface could not be read' };
const NOT_CUT: OpResult = { outcome: 'error', detail: 'old connections of an address could not be cut' };

/** How long one batch may try its ops one by one. The ops left after that fail without a try. */
const ALONE_DEADLINE_MS = 10_000;

export interface ApplierOptions {
  readonly backend: WireGuardBackend;
  readonly traffic: Traffic;
  readonly context: PlanContext;
  readonly metering: Metering;
}

/** Applies batches of ops to the interface. The caller runs one batch at a time. */
export class Applier {
  readonly #backend: WireGuardBackend;
  readonly #traffic: Traffic;
  readonly #context: PlanContext;
  readonly #metering: Metering;
  #touched: Set<string> | undefined;
  /** Set after a failure until the interface is read: the known state may be wrong. */
  #unsure = false;

  constructor(options: ApplierOptions) {
    this.#backend = options.backend;
    this.#traffic = options.traffic;
    this.#context = options.context;
    this.#metering = options.metering;
  }

  /** Starts to record the keys of all changes. One watcher at a time. */
  watchTouchedKeys(): ReadonlySet<string> {
    this.#touched = new Set();
    return this.#touched;
  }

  stopWatching(): void {
    this.#touched = undefined;
  }

  /** One result for each op, in their order. */
  async apply(ops: readonly ReceivedOp[]): Promise<OpResult[]> {
    const results: OpResult[] = [];
    while (results.length < ops.length) {
      const rest = ops.slice(results.length);
      const done = await this.#applyTogether(rest);
      if (done === undefined) return [...results, ...(await this.#applyAlone(rest))];
      results.push(...done);
    }
    return results;
  }

  /** Gives the addresses of these devices to their new keys, which had a handshake. */
  async replace(deviceIds: readonly string[]): Promise<void> {
    if (!(await this.#becomeSure())) return;
    await this.#carryOut(deviceIds.map((deviceId) => planReplacement(this.#context, deviceId)));
  }

  /** Recreates peers as they are, without what the interface learned of them. */
  async renew(peers: readonly ObservedPeer[]): Promise<void> {
    for (const { publicKey } of peers) this.#touched?.add(publicKey);
    try {
      await this.#backend.renew(peers);
    } catch (error) {
      this.#unsure = true;
      throw error;
    }
  }

  /**
   * After a failure it is unknown which changes were made and which op failed: read the interface, then try each
   * op.
   */
  async #applyAlone(ops: readonly ReceivedOp[]): Promise<OpResult[]> {
    if (ops.length === 1) return [NOT_CHANGED];
    const deadline = performance.now() + ALONE_DEADLINE_MS;
    const results: OpResult[] = [];
    for (const op of ops) {
      const tried = performance.now() < deadline ? await this.#applyTogether([op]) : undefined;
      results.push(tried?.[0] ?? NOT_CHANGED);
    }
    return results;
  }

  /**
   * Applies the first ops, up to one that depends on the result of an earlier change. Returns their results, at
   * least one, or undefined if the interface did not take the changes.
   */
  async #applyTogether(ops: readonly ReceivedOp[]): Promise<OpResult[] | undefined> {
    if (!(await this.#becomeSure())) return ops.map(() => NOT_READ);
    await this.#releaseWaiting();
    await this.#settleCountsFor(ops);
    const plans = this.#plan(ops);
    return (await this.#carryOut(plans)) ? this.#settle(plans) : undefined;
  }

  /**
   * Stops before an op that takes an address which an earlier op frees: the traces of the old holder must be
   * cleared first.
   */
  #plan(ops: readonly ReceivedOp[]): Plan[] {
    const plans: Plan[] = [];
    const freed = new Set<string>();
    try {
      for (const op of ops) {
        if (op?.verb === 'set' && hostPrefixes(op.addresses)?.some((prefix) => freed.has(prefix))) break;
        const plan = op === undefined ? UNREADABLE : planOp(this.#context, op);
        plans.push(plan);
        for (const prefix of plan.freed.prefixes) freed.add(prefix);
      }
      return plans;
    } catch (error) {
      this.#context.state.rollback();
      throw error;
    }
  }

  /** Makes all planned changes in one call. If that fails, it rolls them back and returns false. */
  async #carryOut(plans: readonly Plan[]): Promise<boolean> {
    const { state, uncut } = this.#context;
    const changes = plans.flatMap((plan) => plan.changes);
    const policies = plans.flatMap(({ policy }) => policy ?? []);
    const leavings = plans.flatMap(({ freed: { prefixes, deviceId } }) =>
      prefixes.map((prefix) => ({ prefix, deviceId })),
    );
    for (const { prefix, deviceId } of leavings) uncut.add(prefix, deviceId);
    try {
      await this.#metering.leave(leavings);
      if (policies.length > 0) await this.#traffic.admit(policies);
      if (changes.length > 0) await this.#backend.apply(removalsFirst(changes));
      state.commit();
      this.#metering.reclaim(policies);
      return true;
    } catch {
      state.rollback();
      this.#unsure = true;
      return false;
    } finally {
      this.#noteTouched(changes);
    }
  }

  /** Releases all freed addresses before the results report them as free. */
  async #settle(plans: readonly Plan[]): Promise<OpResult[]> {
    await this.#releaseWaiting();
    const { uncut } = this.#context;
    if (uncut.size === 0) return plans.map((plan) => plan.result);
    return plans.map(({ result, freed }) =>
      freed.prefixes.some((prefix) => uncut.has(prefix)) ? NOT_CUT : result,
    );
  }

  /** Settles the counts of addresses that one device left and another now takes over, whose counts begin at 0. */
  async #settleCountsFor(ops: readonly ReceivedOp[]): Promise<void> {
    const { unsettled } = this.#context;
    const isTakenOver = (op: ReceivedOp) =>
      op?.verb === 'set' && unsettled.holdsBack(op.deviceId.toLowerCase(), hostPrefixes(op.addresses) ?? []);
    // If that fails, planning refuses those ops.
    if (ops.some(isTakenOver)) await this.#metering.settleNow().catch(() => undefined);
  }

  async #releaseWaiting(): Promise<void> {
    const { uncut } = this.#context;
    if (uncut.size === 0) return;
    const waiting = uncut.prefixes();
    const addresses = waiting.map(prefixAddress);
    const failed = new Set(await this.#traffic.release(addresses).catch(() => addresses));
    for (const prefix of waiting) {
      if (!failed.has(prefixAddress(prefix))) uncut.delete(prefix);
    }
  }

  async #becomeSure(): Promise<boolean> {
    if (!this.#unsure) return true;
    try {
      this.#context.state.observe(await this.#backend.peers(), new Set());
      this.#unsure = false;
      return true;
    } catch {
      return false;
    }
  }

  #noteTouched(changes: readonly PeerChange[]): void {
    if (this.#touched === undefined) return;
    for (const change of changes) this.#touched.add(change.publicKey);
  }
}

/**
 * Uses one process for each kind of change, because no `wg` text does both. Only the last change of a key counts,
 * and no address moves within one call, so the order makes no difference.
 */
function removalsFirst(changes: readonly PeerChange[]): PeerChange[] {
  const lastOf = new Map(changes.map((change) => [change.publicKey, change]));
  const all = [...lastOf.values()];
  return [...all.filter(({ kind }) => kind === 'remove'), ...all.filter(({ kind }) => kind !== 'remove')];
}
