import { lost, type LinkContext, type State } from './state.ts';

/** Lasts as long as the channel. */
export async function ready(
  { past, channel, repairs }: State<'ready'>,
  { onEvent }: LinkContext,
): Promise<State<'away'>> {
  const { epoch, peerCount } = channel.client.hello;
  if (repairs.total > 0) onEvent({ type: 'repaired', ...repairs });
  onEvent({ type: 'ready', epoch, peers: peerCount, changes: repairs.total });
  const reason = await channel.client.closed;
  channel.client.close();
  return lost(past, reason, channel);
}
