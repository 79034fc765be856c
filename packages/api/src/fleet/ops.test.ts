import { Secret } from '../platform/crypto/secret.ts';
import type { DesiredPeer } from './peer.ts';
import { SetOp } from '@cvault/protocol';
import { expect, test } from 'vitest';
import { createOps } from './ops.ts';

const KEY = `${'A'.repeat(42)}E=`;
const peer = (over: Partial<DesiredPeer> = {}): DesiredPeer => ({
  tenantId: '11111111-1111-4111-8111-111111111111',
  deviceId: '22222222-2222-4222-8222-222222222222',
  generation: 3,
  present: true,
  publicKey: KEY,
  addresses: ['10.8.0.2'],
  sealedPresharedKey: null,
  replaces: null,
  network: null,
  limits: { uploadBitsPerSecond: null, downloadBitsPerSecond: null, data: false },
  appliedGeneration: 0,
  appliedEpoch: null,
  ...over,
});

const [MINE, OURS] = ['a'.repeat(32), 'b'.repeat(32)] as const;
const of = (budgets: boolean) => (feature: string) => budgets && feature === 'budgets';
const asked: (readonly string[])[] = [];
const opOf = createOps({
  presharedKeyOf: (_peer, sealed) => new Secret(sealed),
  data: {
    dataLeft: (ids) => {
      asked.push(ids);
      return Promise.resolve(
        new Map(
          ids.map((id) => [
            id,
            [
              { id: MINE, bytes: 700 },
              { id: OURS, bytes: 500 },
            ],
          ]),
        ),
      );
    },
  },
});

test('an op omits the fields that a device lacks', async () => {
  expect(await opOf(peer(), of(true))).toEqual({
    verb: 'set',
    deviceId: peer().deviceId,
    generation: 3,
    publicKey: KEY,
    addresses: ['10.8.0.2'],
  });
  expect(asked).toEqual([]);
});

test('keys, network and limits are in it as the protocol has them', async () => {
  const op = await opOf(
    peer({
      sealedPresharedKey: Buffer.alloc(32, 7),
      replaces: KEY,
      network: peer().tenantId,
      limits: { uploadBitsPerSecond: 8_000, downloadBitsPerSecond: null, data: true },
    }),
    of(true),
  );
  expect(SetOp.parse(op)).toMatchObject({
    presharedKey: Buffer.alloc(32, 7).toString('base64'),
    replaces: KEY,
    network: peer().tenantId,
    limits: {
      uploadBitsPerSecond: 8_000,
      budgets: [
        { id: MINE, bytes: 700 },
        { id: OURS, bytes: 500 },
      ],
    },
  });
});

test('an agent without the feature budgets gets the smallest remainder', async () => {
  const limits = { uploadBitsPerSecond: null, downloadBitsPerSecond: null, data: true };
  expect(SetOp.parse(await opOf(peer({ limits }), of(false))).limits).toEqual({ dataBytes: 500 });
});

test('a removal names only the device', async () => {
  const op = await opOf(peer({ present: false, sealedPresharedKey: Buffer.alloc(32, 7) }), of(true));
  expect(op).toEqual({ verb: 'remove', deviceId: peer().deviceId, generation: 3 });
});

test('many devices ask for their data together', async () => {
  asked.length = 0;
  const limits = { uploadBitsPerSecond: null, downloadBitsPerSecond: null, data: true };
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => opOf(peer({ deviceId: `device-${n}`, limits }), of(true))),
  );
  expect(asked.map((ids) => ids.length)).toEqual([50]);
});
