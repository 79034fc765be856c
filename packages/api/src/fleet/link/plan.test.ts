import { describe, expect, test } from 'vitest';
import type { DesiredPeer, ObservedPeer } from '../peer.ts';
import { planReconcile } from './plan.ts';

const EPOCH = 'e1';
const wanted = (n: number, over: Partial<DesiredPeer> = {}): DesiredPeer => ({
  tenantId: 't',
  deviceId: `device-${n}`,
  generation: 1,
  present: true,
  publicKey: `key-${n}`,
  addresses: [`10.8.0.${n}`],
  sealedPresharedKey: null,
  replaces: null,
  network: null,
  limits: { uploadBitsPerSecond: null, downloadBitsPerSecond: null, data: false },
  appliedGeneration: 1,
  appliedEpoch: EPOCH,
  ...over,
});
const live = (n: number, over: Partial<ObservedPeer> = {}): ObservedPeer => ({
  publicKey: `key-${n}`,
  allowedIps: [`10.8.0.${n}/32`],
  owner: { deviceId: `device-${n}`, generation: 1 },
  ...over,
});
const NONE = { added: 0, removed: 0, changed: 0 };
const NOTHING = { evict: [], remove: [], trim: [], set: [], acknowledged: [], drift: NONE };

test('a VPN server that carries what is desired is left alone', () => {
  expect(planReconcile([live(2), live(3)], [wanted(2), wanted(3)], EPOCH)).toEqual(NOTHING);
});

test('a lost acknowledgement is made up for without touching the interface', () => {
  const device = wanted(2, { appliedGeneration: 0, appliedEpoch: null });
  expect(planReconcile([live(2)], [device], EPOCH)).toEqual({
    ...NOTHING,
    acknowledged: [{ deviceId: 'device-2', generation: 1 }],
  });
});

describe('set again', () => {
  test.each([
    ['missing', undefined, 'removed'],
    ['of an older generation', live(2, { owner: { deviceId: 'device-2', generation: 0 } }), 'changed'],
    ['claimed by nobody', live(2, { owner: null }), 'changed'],
    ['without its address', live(2, { allowedIps: [] }), 'changed'],
  ] as const)('a desired peer that is %s', (_name, peer, kind) => {
    const plan = planReconcile(peer === undefined ? [] : [peer], [wanted(2)], EPOCH);
    expect(plan).toEqual({ ...NOTHING, set: [wanted(2)], drift: { ...NONE, [kind]: 1 } });
  });
  test.each([
    ['with another address', live(2, { allowedIps: ['10.8.0.9/32'] })],
    ['with one address too many', live(2, { allowedIps: ['10.8.0.2/32', '0.0.0.0/0'] })],
  ])('a desired peer %s, before those that its address may be of', (_name, peer) => {
    const plan = planReconcile([peer], [wanted(2)], EPOCH);
    expect(plan).toEqual({ ...NOTHING, trim: [wanted(2)], drift: { ...NONE, changed: 1 } });
  });
  test('one that this epoch has not acknowledged is late, not drifted', () => {
    const late = wanted(2, { appliedGeneration: 0, appliedEpoch: null });
    expect(planReconcile([], [late], EPOCH)).toEqual({ ...NOTHING, set: [late] });
    const ofAnOlderEpoch = wanted(2, { appliedEpoch: 'e0' });
    expect(planReconcile([], [ofAnOlderEpoch], EPOCH)).toEqual({ ...NOTHING, set: [ofAnOlderEpoch] });
  });
});

describe('evicted', () => {
  test('a peer that the database has never heard of', () => {
    const stranger = live(9);
    expect(planReconcile([stranger, live(2)], [wanted(2)], EPOCH)).toEqual({
      ...NOTHING,
      evict: [stranger],
      drift: { ...NONE, added: 1 },
    });
  });
  test('a peer made by hand', () => {
    const byHand = live(9, { owner: null, allowedIps: ['0.0.0.0/0'] });
    expect(planReconcile([byHand], [], EPOCH)).toEqual({
      ...NOTHING,
      evict: [byHand],
      drift: { ...NONE, added: 1 },
    });
  });
  test('not the old key of a device that rotates: its own op replaces it, fenced by the generation', () => {
    const rotated = wanted(2, { publicKey: 'key-2b', generation: 2 });
    expect(planReconcile([live(2)], [rotated], EPOCH)).toEqual({ ...NOTHING, set: [rotated] });
  });
  describe('the old key of a change with an overlap', () => {
    const rotated = wanted(2, { publicKey: 'key-2b', replaces: 'key-2', appliedEpoch: 'e0' });
    const old = live(2, { owner: null });
    test('not while the new one is still to be set, though an agent that started anew knows neither', () => {
      const staged = live(2, { publicKey: 'key-2b', owner: null, allowedIps: [] });
      expect(planReconcile([old, staged], [rotated], EPOCH)).toEqual({ ...NOTHING, set: [rotated] });
      expect(planReconcile([old], [rotated], EPOCH)).toEqual({ ...NOTHING, set: [rotated] });
    });
    test('where the new one has taken over and somebody put it back', () => {
      const noted = { ...rotated, appliedEpoch: EPOCH };
      const plan = planReconcile([old, live(2, { publicKey: 'key-2b' })], [noted], EPOCH);
      expect(plan).toEqual({ ...NOTHING, evict: [old], drift: { ...NONE, added: 1 } });
    });
  });
});

describe('a deleted device', () => {
  const deleted = wanted(2, { present: false, generation: 2 });
  test('is removed, also from an agent that carries no such peer: it must remember it', () => {
    expect(planReconcile([live(2)], [deleted], EPOCH)).toEqual({ ...NOTHING, remove: [deleted] });
    expect(planReconcile([], [deleted], EPOCH)).toEqual({ ...NOTHING, remove: [deleted] });
  });
  test('whose removal this epoch has acknowledged needs nothing more', () => {
    expect(planReconcile([], [{ ...deleted, appliedGeneration: 2 }], EPOCH)).toEqual(NOTHING);
  });
});

test('in a new epoch everything that should be absent is removed again', () => {
  const suspended = wanted(2, { present: false, generation: 2, appliedGeneration: 2, appliedEpoch: 'e0' });
  expect(planReconcile([], [suspended], EPOCH).remove).toEqual([suspended]);
});
