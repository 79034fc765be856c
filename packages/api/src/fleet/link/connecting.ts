import type { Duplex } from 'node:stream';
import { openChannel } from './channel.ts';
import { lost, type LinkContext, type State } from './state.ts';

/** Ends attempts to connect that hang. */
const CONNECT_DEADLINE_MS = 40_000;

export async function connecting(
  { past }: State<'connecting'>,
  link: LinkContext,
): Promise<State<'reconciling' | 'away'>> {
  let stream: Duplex | undefined;
  try {
    stream = await open(link);
    link.stopped.throwIfAborted();
    destroyWhenStopped(stream, link.stopped);
    return { name: 'reconciling', past, channel: await openChannel(link, stream) };
  } catch (error) {
    stream?.destroy();
    return lost(past, error);
  }
}

/**
 * Uses its own timer. Node.js 20 holds the signals of AbortSignal.any() weakly, so an AbortSignal.timeout() in it
 * may be collected before it fires. The attempt then hangs for ever (seen in the fault suite).
 */
async function open({ transport, stopped }: LinkContext): Promise<Duplex> {
  const attempt = new AbortController();
  const stop = () => attempt.abort(stopped.reason);
  const timer = setTimeout(
    () => attempt.abort(new Error(`no connection within ${CONNECT_DEADLINE_MS} ms`)),
    CONNECT_DEADLINE_MS,
  );
  stopped.addEventListener('abort', stop);
  try {
    return await transport.open(attempt.signal);
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener('abort', stop);
  }
}

function destroyWhenStopped(stream: Duplex, stopped: AbortSignal): void {
  const cut = () => stream.destroy(new Error('stopped'));
  stopped.addEventListener('abort', cut);
  stream.once('close', () => stopped.removeEventListener('abort', cut));
}
