import { reached } from '../../platform/observability/steps.ts';
import type { Channel } from './channel.ts';
import { deliver } from './deliver.ts';
import { noteCondition } from './host.ts';
import { type Drift, planReconcile } from './plan.ts';
import { configure } from './tunnel-addresses.ts';

/** The changes of a reconciliation on the interface, in numbers of peers. */
export interface Repairs {
  readonly evicted: number;
  readonly removed: number;
  readonly set: number;
  readonly total: number;
  readonly drift: Drift;
}

/** Compares the VPN server with the database and repairs the differences. */
export async function reconcile(channel: Channel): Promise<Repairs> {
  const { client, ops, acks, link } = channel;
  await configure(channel);
  // In this order: see planReconcile.
  const observed = await client.list();
  reached('reconcile:listed');
  const desired = await link.peers.desired(link.serverId);
  reached('reconcile:read');
  const plan = planReconcile(observed, desired, client.hello.epoch);
  await Promise.all(plan.evict.map(({ publicKey, owner }) => ops.push({ verb: 'evict', publicKey, owner })));
  for (const peers of [plan.remove, plan.trim, plan.set]) {
    await Promise.all(peers.map((peer) => deliver(channel, peer)));
  }
  reached('reconcile:repaired');
  await noteCondition(channel);
  if (channel.host.problems.length === 0) {
    await Promise.all(plan.acknowledged.map((ack) => acks.push(ack)));
  }
  const { drift } = plan;
  const drifted = drift.added + drift.removed + drift.changed;
  if (drifted > 0) await link.peers.noteDrift(link.serverId, drifted);
  const [evicted, removed, set] = [plan.evict.length, plan.remove.length, plan.trim.length + plan.set.length];
  return { evicted, removed, set, total: evicted + removed + set, drift };
}

/** Reconciles a ready channel again. If that fails, the channel is cut: a new one starts from a known state. */
export function repair(channel: Channel): Promise<void> {
  const { onEvent } = channel.link;
  channel.repairing = channel.repairing
    .then(async () => {
      const repairs = await reconcile(channel);
      if (repairs.total > 0) onEvent({ type: 'repaired', ...repairs });
    })
    .catch((error: unknown) => {
      onEvent({ type: 'failed', what: 'reconcile', error });
      channel.client.close();
    });
  return channel.repairing;
}
