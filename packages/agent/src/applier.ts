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

/** How long one batch may go on trying op by op; what is left after that fails without a try. */
const ALONE_DEADLINE_MS = 10_000;

export interface ApplierOptions {
  readonly backend: WireGuardBackend;
  readonly traffic: Traffic;
  readonly context: PlanContext;
  readonly metering: Metering;
}

/** Brings batches of ops to the interface. The caller runs one batch at a time. */
export class Applier {
  readonly #backend: WireGuardBackend;
  readonly #traffic: Traffic;
  readonly #context: PlanContext;
  readonly #metering: Metering;
  #touched: Set<string> | undefined;
  /** Set after a failure, until the interface was read: what is known of it may be wrong. */
  #unsure = false;

  constructor(options: ApplierOptions) {
    this.#backend = options.backend;
    this.#traffic = options.traffic;
    this.#context = options.context;
    this.#metering = options.metering;
  }

  /** Starts to note the keys of all changes; one watcher at a time. */
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

  /** Lets new keys that had a handshake take over the addresses of these devices. */
  async replace(deviceIds: readonly string[]): Promise<void> {
    if (!(await this.#becomeSure())) return;
    await this.#carryOut(deviceIds.map((deviceId) => planReplacement(this.#context, deviceId)));
  }

  /** Makes peers anew as they are, without what the interface learned of them. */
  async renew(peers: readonly ObservedPeer[]): Promise<void> {
    for (const { publicKey } of peers) this.#touched?.add(publicKey);
    try {
      await this.#backend.renew(peers);
    } catch (error) {
      this.#unsure = true;
      throw error;
    }
  }

  /** After a failure nobody knows which changes were made, nor which op was the bad one: look, then try each. */
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
   * Applies the first ops, as many as depend on nothing that happens after the interface was changed; answers their
   * results, at least one. Undefined where the interface did not take the changes.
   */
  async #applyTogether(ops: readonly ReceivedOp[]): Promise<OpResult[] | undefined> {
    if (!(await this.#becomeSure())) return ops.map(() => NOT_READ);
    await this.#releaseWaiting();
    await this.#settleCountsFor(ops);
    const plans = this.#plan(ops);
    return (await this.#carryOut(plans)) ? this.#settle(plans) : undefined;
  }

  /**
   * Stops before an op that takes an address which an op before it frees: what the one leaves behind has to be cleared
   * away before the other may have it.
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

  /** Makes the planned changes, all in one go, and answers whether that worked; if not, they are taken back. */
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

  /** Releases all freed addresses before anybody hears that they are free. */
  async #settle(plans: readonly Plan[]): Promise<OpResult[]> {
    await this.#releaseWaiting();
    const { uncut } = this.#context;
    if (uncut.size === 0) return plans.map((plan) => plan.result);
    return plans.map(({ result, freed }) =>
      freed.prefixes.some((prefix) => uncut.has(prefix)) ? NOT_CUT : result,
    );
  }

  /** Counts what passed for addresses that were left by one device and now go to another, which begins at 0. */
  async #settleCountsFor(ops: readonly ReceivedOp[]): Promise<void> {
    const { unsettled } = this.#context;
    const isTakenOver = (op: ReceivedOp) =>
      op?.verb === 'set' && unsettled.holdsBack(op.deviceId.toLowerCase(), hostPrefixes(op.addresses) ?? []);
    // Where that fails, planning refuses those ops.
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
 * One process for each kind of change, however they were mixed, because `wg` knows no text that does both. Of one key only
 * the last change counts, and no address changes hands in one go, so the order makes no difference to the outcome.
 */
function removalsFirst(changes: readonly PeerChange[]): PeerChange[] {
  const lastOf = new Map(changes.map((change) => [change.publicKey, change]));
  const all = [...lastOf.values()];
  return [...all.filter(({ kind }) => kind === 'remove'), ...all.filter(({ kind }) => kind !== 'remove')];
}
