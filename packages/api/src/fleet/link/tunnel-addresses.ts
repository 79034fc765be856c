import { RequestRefused } from '../agent-client.ts';
import type { DesiredPeer } from '../peer.ts';
import type { Channel } from './channel.ts';
import { tunnelNetworks } from './tunnel-networks.ts';

/** Sets the VPN server's own address of each pool on its interface, if they changed since the last time. */
export async function configure(channel: Channel): Promise<void> {
  const { peers, serverId, onEvent } = channel.link;
  const addresses = await peers.tunnelAddresses(serverId);
  const wanted = addresses.join(' ');
  if (wanted === '' || wanted === channel.tunnelAddresses) return;
  try {
    await channel.client.configure(addresses);
  } catch (error) {
    // This must not block other devices. The next device of this pool and the next reconcile try again.
    if (!(error instanceof RequestRefused) || error.code === 'wrong_epoch') throw error;
    onEvent({ type: 'failed', what: 'configure', error });
    return;
  }
  channel.tunnelAddresses = wanted;
  channel.inTunnel = tunnelNetworks(addresses);
}

/**
 * Whether the agent accepts a device's addresses: it refuses those outside the networks of the interface's own.
 * Pools added or enlarged since then are configured first.
 */
export async function takes(channel: Channel, { addresses }: DesiredPeer): Promise<boolean> {
  if (addresses.every(channel.inTunnel)) return true;
  await configure(channel);
  return addresses.every(channel.inTunnel);
}
