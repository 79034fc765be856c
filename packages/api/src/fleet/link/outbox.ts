import { reached } from '../../platform/observability/steps.ts';
import type { Channel } from './channel.ts';
import { deliver } from './deliver.ts';

/** The most outbox entries claimed at once. */
const SWEEP_ENTRIES = 512;

/** Sends the VPN server's outbox entries. */
export async function sweep(channel: Channel): Promise<void> {
  const { peers, serverId } = channel.link;
  for (;;) {
    const due = await peers.claimDue(serverId, SWEEP_ENTRIES);
    if (due.length === 0) return;
    reached('sweep:claimed');
    await Promise.all(due.map((peer) => deliver(channel, peer)));
  }
}
