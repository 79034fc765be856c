import { reconcile } from './reconcile.ts';
import { lost, type State } from './state.ts';

export async function reconciling({ past, channel }: State<'reconciling'>): Promise<State<'ready' | 'away'>> {
  try {
    return { name: 'ready', past: { ...past, failures: 0 }, channel, repairs: await reconcile(channel) };
  } catch (error) {
    channel.client.close();
    return lost(past, error, channel);
  }
}
