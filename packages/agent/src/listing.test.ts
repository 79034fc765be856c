import { expect, test } from 'vitest';
import { Listing } from './listing.ts';
import { InterfaceState } from './state.ts';

const key = (n: number) => `A${String(n).padStart(42, '0')}=`;

test('changes between its steps: a new peer is listed, a removed peer is not, and a peer removed and set again is listed once', () => {
  const state = new InterfaceState();
  for (let n = 0; n < 1_000; n++) state.setPeer(key(n), [`10.8.${n >> 8}.${n & 255}/32`]);
  const listing = new Listing();
  const steps = listing.collecting(state);
  expect(steps.next().done).toBe(false);

  state.deletePeer(key(0));
  state.deletePeer(key(1));
  state.setPeer(key(1), ['10.9.0.1/32']);
  state.setPeer(key(1_000), ['10.9.0.2/32']);
  while (steps.next().done !== true);

  const peers = [];
  for (let after: string | undefined; ; after = peers.at(-1)?.publicKey) {
    const page = listing.page(state, after);
    peers.push(...page.peers);
    if (!page.more) break;
  }
  expect(peers.map(({ publicKey }) => publicKey)).toEqual(
    Array.from({ length: 1_000 }, (_, n) => key(n + 1)),
  );
  expect(peers[0]?.allowedIps).toEqual(['10.9.0.1/32']);
});
