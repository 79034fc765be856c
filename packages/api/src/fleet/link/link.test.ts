import type { PeerStore } from '../ports.ts';
import { afterEach, expect, test, vi } from 'vitest';
import { Link } from './link.ts';
import type { LinkEvent } from './state.ts';
import type { Transport } from '../transports/transport.ts';

afterEach(() => vi.useRealTimers());

/** A link over a transport that never opens and never fails: it ends only when aborted. */
function aLink() {
  const attempts: AbortSignal[] = [];
  const events: LinkEvent[] = [];
  const transport: Transport = {
    open: (signal) => {
      attempts.push(signal);
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
  };
  const link = new Link({
    serverId: 'server',
    publicKey: 'key',
    transport,
    // It never gets as far as reading a peer.
    peers: {} as PeerStore,
    opOf: () => Promise.reject(new Error('nobody asks')),
    onEvent: (event) => events.push(event),
    ackDeadlineMs: 1_000,
  });
  return { link, attempts, events };
}

/**
 * Uses a timer that fake timers control: an AbortSignal.timeout() is none, and can be collected before it fires
 * (see Link).
 */
test('an attempt that hangs is given up, and another one made', async () => {
  vi.useFakeTimers();
  const { link, attempts, events } = aLink();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempts.length).toBeGreaterThanOrEqual(2);
  expect(attempts[0]?.aborted).toBe(true);
  expect(events[0]).toMatchObject({ type: 'away' });
  await link.close();
});

test('closing it ends the attempt', async () => {
  const { link, attempts } = aLink();
  await link.close();
  expect(attempts[0]?.aborted).toBe(true);
  expect(link.state).toBe('closed');
});
