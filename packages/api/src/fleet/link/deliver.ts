import type { PushResult } from '../../devices/index.ts';
import type { Op, Outcome } from '@cvault/protocol';
import type { DesiredPeer } from '../peer.ts';
import type { Channel } from './channel.ts';
import { isNoted } from './plan.ts';
import { takes } from './tunnel-addresses.ts';

/** Sends one device to the agent and stores the result. The outbox retries every `pending` one. */
export async function deliver(channel: Channel, peer: DesiredPeer): Promise<PushResult> {
  const { client, ops, link } = channel;
  let op: Op;
  try {
    op = await link.opOf(peer, (feature) => client.can(feature));
  } catch (error) {
    // One unreadable secret must not block the other devices.
    link.onEvent({ type: 'failed', what: `make the op of device ${peer.deviceId}`, error });
    return { outcome: 'pending' };
  }
  if (peer.present && !(await takes(channel, peer))) return { outcome: 'pending' };
  const { outcome, detail = '' } = await ops.push(op);
  return outcome === 'applied' ? applied(channel, peer) : refused(channel, peer, { outcome, detail });
}

async function applied(channel: Channel, peer: DesiredPeer): Promise<PushResult> {
  const { client, acks, host } = channel;
  // It is on the interface, but nothing passes. It is acknowledged once something does.
  if (peer.present && host.problems.length > 0 && !isNoted(peer, client.hello.epoch)) {
    return { outcome: 'pending' };
  }
  const { deviceId, generation } = peer;
  return (await acks.push({ deviceId, generation })) ? { outcome: 'applied' } : { outcome: 'pending' };
}

interface Refusal {
  readonly outcome: Exclude<Outcome, 'applied'>;
  readonly detail: string;
}

async function refused(
  channel: Channel,
  peer: DesiredPeer,
  { outcome, detail }: Refusal,
): Promise<PushResult> {
  const { client, link } = channel;
  link.onEvent({ type: 'refused', peer, outcome, detail });
  // Stale: a newer generation was pushed, and that push reports its own result. Error: a retry may succeed.
  if (outcome === 'stale' || outcome === 'error') return { outcome: 'pending' };
  // This epoch has acknowledged the device, so it can be applied: the interface was changed since. The device did
  // not fail, and the next look retries.
  if (isNoted(peer, client.hello.epoch)) return { outcome: 'pending' };
  try {
    await link.peers.fail(peer, outcome);
  } catch (error) {
    link.onEvent({ type: 'failed', what: `note that device ${peer.deviceId} was refused`, error });
    return { outcome: 'pending' };
  }
  return { outcome: 'refused', reason: outcome, detail };
}
