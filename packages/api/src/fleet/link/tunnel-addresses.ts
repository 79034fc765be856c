import { RequestRefused } from '../agent-client.ts';
import type { DesiredPeer } from '../peer.ts';
import type { Channel } from './channel.ts';
import { tunnelNetworks } from './tunnel-networks.ts';

/** Has the interface carry the VPN server's own address in each pool, where they changed since it was last told. */
export async function configure(channel: Channel): Promise<void> {
  const { peers, serverId, onEvent } = channel.link;
  const addresses = await peers.tunnelAddresses(serverId);
  const wanted = addresses.join(' ');
  if (wanted === '' || wanted === channel.tunnelAddresses) return;
  try {
    await channel.client.configure(addresses);
  } catch (error) {
    // No reason to leave the other devices alone. The next one of this pool and the next reconcile try again.
    if (!(error instanceof RequestRefused) || error.code === 'wrong_epoch') throw error;
    onEvent({ type: 'failed', what: 'configure', error });
    return;
  }
  channel.tunnelAddresses = wanted;
  channel.inTunnel = tunnelNetworks(addresses);
}

/**
 * Whether the agent takes a device's addresses: it takes none from outside the networks of the interface's own. A pool that was
 * added or grown since is told to it first.
 */
export async function takes(channel: Channel, { addresses }: DesiredPeer): Promise<boolean> {
  if (addresses.every(channel.inTunnel)) return true;
  await configure(channel);
  return addresses.every(channel.inTunnel);
}
