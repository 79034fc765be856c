import type { LinkContext, State } from './state.ts';

const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 15_000;

export async function away(
  { past }: State<'away'>,
  { stopped, onEvent }: LinkContext,
): Promise<State<'connecting' | 'closed'>> {
  if (!stopped.aborted) {
    onEvent({ type: 'away', error: past.error });
    await pause(past.failures, stopped);
  }
  return stopped.aborted
    ? { name: 'closed', past }
    : { name: 'connecting', past: { ...past, failures: past.failures + 1 } };
}

/**
 * Half of the pause is random: replicas that lost the same VPN server must not reconnect in step (sshd's
 * MaxStartups).
 */
function pause(failures: number, stopped: AbortSignal): Promise<void> {
  const most = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** failures);
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stopped.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, most / 2 + Math.random() * (most / 2));
    stopped.addEventListener('abort', end);
  });
}
