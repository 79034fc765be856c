import { randomUUID } from 'node:crypto';
import { digestOfPeer, formatDigest, type OpResult, type SetOp } from '@cvault/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAgent, type Agent } from './agent.ts';
import type { WireGuardBackend } from './backend.ts';
import { connectInProcess } from './in-process.ts';
import { createMemoryBackend, type MemoryBackend } from './memory-backend.ts';
import { connectControlPlane, type TestControlPlane } from './testing/control-plane.ts';
import { randomPublicKey } from './testing/keys.ts';
import { createNoTraffic, type Traffic } from './traffic.ts';

let backend: MemoryBackend;
let agents: Agent[];

beforeEach(() => {
  backend = createMemoryBackend({ addresses: ['10.8.0.1/24', 'fd00:8::1/64'], maxPeers: 5 });
  agents = [];
});

afterEach(async () => {
  for (const agent of agents) await agent.close();
});

async function start(
  options: { backend?: WireGuardBackend; traffic?: Traffic } = {},
): Promise<TestControlPlane> {
  const agent = await createAgent({ backend, traffic: createNoTraffic(), ...options });
  agents.push(agent);
  return connect(agent);
}

async function connect(agent: Agent): Promise<TestControlPlane> {
  const stream = connectInProcess(agent);
  return connectControlPlane(stream, stream);
}

function setOp(host: number, change: Partial<SetOp> = {}): SetOp {
  return {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: randomPublicKey(),
    addresses: [`10.8.0.${host}`, `fd00:8::${host.toString(16)}`],
    ...change,
  };
}

function outcomes(results: readonly OpResult[]): string[] {
  return results.map((result) => result.outcome);
}

async function peers(): Promise<Record<string, readonly string[]>> {
  return Object.fromEntries((await backend.peers()).map((peer) => [peer.publicKey, peer.allowedIps]));
}

describe('set', () => {
  test('puts the device on the interface with exactly its addresses', async () => {
    const plane = await start();
    const op = setOp(2);
    expect(await plane.apply(op)).toEqual([{ outcome: 'applied' }]);
    expect(await peers()).toEqual({ [op.publicKey]: ['10.8.0.2/32', 'fd00:8::2/128'] });
  });

  test('of the same generation is acknowledged without touching the interface', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    const { writes } = backend;
    expect(outcomes(await plane.apply(op, op))).toEqual(['applied', 'applied']);
    expect(backend.writes).toBe(writes);
  });

  describe('with a preshared key', () => {
    test('gives it to the peer; a higher generation replaces it or takes it away', async () => {
      const plane = await start();
      const presharedKey = randomPublicKey();
      const op = setOp(2, { presharedKey });
      await plane.apply(op);
      expect(backend.presharedKey(op.publicKey)).toBe(presharedKey);
      const another = randomPublicKey();
      await plane.apply({ ...op, generation: 2, presharedKey: another });
      expect(backend.presharedKey(op.publicKey)).toBe(another);
      await plane.apply({ ...op, generation: 3, presharedKey: undefined });
      expect(backend.presharedKey(op.publicKey)).toBeUndefined();
      expect(await peers()).toEqual({ [op.publicKey]: ['10.8.0.2/32', 'fd00:8::2/128'] });
    });

    test('of the same generation is acknowledged without comparing preshared keys', async () => {
      const plane = await start();
      const op = setOp(2, { presharedKey: randomPublicKey() });
      await plane.apply(op);
      const { writes } = backend;
      expect(outcomes(await plane.apply({ ...op, presharedKey: randomPublicKey() }))).toEqual(['applied']);
      expect(backend.writes).toBe(writes);
      expect(backend.presharedKey(op.publicKey)).toBe(op.presharedKey);
    });

    test('gives it to a peer that was there already, whose own nobody knows', async () => {
      const op = setOp(2, { presharedKey: randomPublicKey() });
      const right = ['10.8.0.2/32', 'fd00:8::2/128'];
      const stale = { kind: 'set', allowedIps: right, presharedKey: randomPublicKey() } as const;
      backend.byHand({ ...stale, publicKey: op.publicKey });
      await (await start()).apply(op);
      expect(backend.presharedKey(op.publicKey)).toBe(op.presharedKey);
    });

    test('gives it again to a peer that was removed by hand', async () => {
      const plane = await start();
      const op = setOp(2, { presharedKey: randomPublicKey() });
      await plane.apply(op);
      backend.byHand({ kind: 'remove', publicKey: op.publicKey });
      await plane.list();
      await plane.apply(op);
      expect(backend.presharedKey(op.publicKey)).toBe(op.presharedKey);
    });
  });

  test('of a lower generation is stale', async () => {
    const plane = await start();
    const op = setOp(2, { generation: 7 });
    await plane.apply(op);
    const older = { ...op, generation: 6, addresses: ['10.8.0.9'] };
    expect(outcomes(await plane.apply(older))).toEqual(['stale']);
    expect(await peers()).toEqual({ [op.publicKey]: ['10.8.0.2/32', 'fd00:8::2/128'] });
  });

  test('of the same generation with another content is invalid, not acknowledged', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    const others = [
      { ...op, addresses: ['10.8.0.3'] },
      { ...op, publicKey: randomPublicKey() },
    ];
    expect(outcomes(await plane.apply(...others))).toEqual(['invalid', 'invalid']);
  });

  test('with a new key replaces the old one, in one write', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    const rotated = { ...op, generation: 2, publicKey: randomPublicKey() };
    const { writes } = backend;
    expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
    expect(backend.writes).toBe(writes + 1);
    expect(Object.keys(await peers())).toEqual([rotated.publicKey]);
  });

  test('knows a device by its id in either case of its letters', async () => {
    const plane = await start();
    const op = setOp(2, { generation: 2 });
    await plane.apply(op);
    expect(
      outcomes(await plane.apply({ ...op, deviceId: op.deviceId.toUpperCase(), generation: 1 })),
    ).toEqual(['stale']);
  });

  test('of a key or an address of another device is a conflict and takes nothing', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    const thieves = [
      setOp(3, { publicKey: op.publicKey }),
      setOp(3, { addresses: ['10.8.0.2'] }),
      setOp(3, { addresses: ['10.8.0.3', 'FD00:8:0::2'] }),
    ];
    expect(outcomes(await plane.apply(...thieves))).toEqual(['conflict', 'conflict', 'conflict']);
    expect(await peers()).toEqual({ [op.publicKey]: ['10.8.0.2/32', 'fd00:8::2/128'] });
  });

  test('of an address that a peer without a device holds is a conflict', async () => {
    const found = randomPublicKey();
    backend.byHand({ kind: 'set', publicKey: found, allowedIps: ['10.8.0.2/32'] });
    const plane = await start();
    expect(outcomes(await plane.apply(setOp(2)))).toEqual(['conflict']);
    expect(await peers()).toEqual({ [found]: ['10.8.0.2/32'] });
  });

  test('cannot give away what a device holds on the interface behind its claim', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    backend.byHand({ kind: 'remove', publicKey: op.publicKey });
    await plane.list();
    expect(outcomes(await plane.apply(setOp(2), setOp(3, { publicKey: op.publicKey })))).toEqual([
      'conflict',
      'conflict',
    ]);
  });

  test('takes over a peer that is there already, without a write where it is right', async () => {
    const right = setOp(2);
    const wrong = setOp(3);
    backend.byHand(
      { kind: 'set', publicKey: right.publicKey, allowedIps: ['fd00:8::2/128', '10.8.0.2/32'] },
      { kind: 'set', publicKey: wrong.publicKey, allowedIps: ['10.8.0.77/32'] },
    );
    const plane = await start();
    expect(plane.hello.peerCount).toBe(2);
    expect(outcomes(await plane.apply(right))).toEqual(['applied']);
    expect(backend.writes).toBe(0);
    expect(outcomes(await plane.apply(wrong))).toEqual(['applied']);
    expect((await peers())[wrong.publicKey]).toEqual(['10.8.0.3/32', 'fd00:8::3/128']);
  });

  let ownKey = '';
  test.each<[string, () => Partial<SetOp>]>([
    ['the key of the interface', () => ({ publicKey: ownKey })],
    ['a key that everybody knows the secret of', () => ({ publicKey: Buffer.alloc(32).toString('base64') })],
    ['the address of the interface', () => ({ addresses: ['10.8.0.1'] })],
    ['an IPv4 address inside an IPv6 one', () => ({ addresses: ['::ffff:a08:2'] })],
  ])('of %s is invalid', async (_name, change) => {
    const plane = await start();
    ownKey = plane.hello.publicKey;
    expect(outcomes(await plane.apply(setOp(2, change())))).toEqual(['invalid']);
    expect(await peers()).toEqual({});
  });

  test('of one peer too many is full, and a rotation still fits', async () => {
    const plane = await start();
    const ops = [2, 3, 4, 5, 6, 7].map((host) => setOp(host));
    expect(outcomes(await plane.apply(...ops))).toEqual([...Array<string>(5).fill('applied'), 'full']);
    const [first] = ops;
    const rotated = setOp(2, { deviceId: first?.deviceId ?? '', generation: 2 });
    expect(outcomes(await plane.apply(rotated))).toEqual(['applied']);
  });
});

describe('remove', () => {
  test('takes the device off, again and again, and an older set cannot bring it back', async () => {
    const plane = await start();
    const op = setOp(2, { generation: 3 });
    const remove = { verb: 'remove', deviceId: op.deviceId, generation: 4 } as const;
    await plane.apply(op);
    expect(outcomes(await plane.apply(remove, remove, op, { ...op, generation: 4 }))).toEqual([
      'applied',
      'applied',
      'stale',
      'stale',
    ]);
    expect(await peers()).toEqual({});
    expect(outcomes(await plane.apply({ ...op, generation: 5 }))).toEqual(['applied']);
  });

  test('of a lower generation is stale', async () => {
    const plane = await start();
    const op = setOp(2, { generation: 3 });
    await plane.apply(op);
    expect(outcomes(await plane.apply({ verb: 'remove', deviceId: op.deviceId, generation: 2 }))).toEqual([
      'stale',
    ]);
    expect(Object.keys(await peers())).toEqual([op.publicKey]);
  });

  test('of a device never seen leaves a tombstone', async () => {
    const plane = await start();
    const op = setOp(2);
    expect(outcomes(await plane.apply({ verb: 'remove', deviceId: op.deviceId, generation: 2 }, op))).toEqual(
      ['applied', 'stale'],
    );
  });

  test('of a device never seen is not acknowledged while a peer is there that could be it', async () => {
    const left = randomPublicKey();
    backend.byHand({ kind: 'set', publicKey: left, allowedIps: ['10.8.0.2/32'] });
    const plane = await start();
    const remove = { verb: 'remove', deviceId: randomUUID(), generation: 2 } as const;
    expect(outcomes(await plane.apply(remove))).toEqual(['error']);
    expect(outcomes(await plane.apply({ verb: 'evict', publicKey: left, owner: null }, remove))).toEqual([
      'applied',
      'applied',
    ]);
  });
});

describe('evict', () => {
  test('removes a peer without a device', async () => {
    const left = randomPublicKey();
    backend.byHand({ kind: 'set', publicKey: left, allowedIps: ['10.8.0.2/32'] });
    const plane = await start();
    const evict = { verb: 'evict', publicKey: left, owner: null } as const;
    expect(outcomes(await plane.apply(evict, evict))).toEqual(['applied', 'applied']);
    expect(await peers()).toEqual({});
  });

  test('spares a peer that changed hands', async () => {
    const left = randomPublicKey();
    backend.byHand({ kind: 'set', publicKey: left, allowedIps: ['10.8.0.9/32'] });
    const plane = await start();
    const op = setOp(2, { generation: 4 });
    const { publicKey, deviceId } = op;
    await plane.apply(op);
    expect(
      outcomes(
        await plane.apply(
          { verb: 'evict', publicKey, owner: null },
          { verb: 'evict', publicKey, owner: { deviceId, generation: 3 } },
          { verb: 'evict', publicKey, owner: { deviceId: randomUUID(), generation: 4 } },
          { verb: 'evict', publicKey: left, owner: { deviceId, generation: 4 } },
        ),
      ),
    ).toEqual(['stale', 'stale', 'stale', 'stale']);
    expect(Object.keys(await peers()).sort()).toEqual([left, publicKey].sort());
  });

  test('of an owner as it is removes the device for good', async () => {
    const plane = await start();
    const op = setOp(2, { generation: 4 });
    await plane.apply(op);
    const owner = { deviceId: op.deviceId, generation: 4 };
    expect(outcomes(await plane.apply({ verb: 'evict', publicKey: op.publicKey, owner }, op))).toEqual([
      'applied',
      'stale',
    ]);
  });
});

describe('a batch', () => {
  test('sees the effects of its earlier ops', async () => {
    const plane = await start();
    const first = setOp(2);
    const second = setOp(2);
    expect(
      outcomes(
        await plane.apply(first, second, { verb: 'remove', deviceId: first.deviceId, generation: 2 }, second),
      ),
    ).toEqual(['applied', 'conflict', 'applied', 'applied']);
    expect(Object.keys(await peers())).toEqual([second.publicKey]);
  });

  test('is one write', async () => {
    const plane = await start();
    await plane.apply(setOp(2), setOp(3), setOp(4));
    expect(backend.writes).toBe(1);
  });

  test.each([0, 1, 2, 3])('that fails after %i changes is tried op by op', async (changesMade) => {
    const plane = await start();
    const kept = setOp(2);
    const rotated = setOp(3);
    const removed = setOp(4);
    await plane.apply(rotated, removed);
    backend.failNextApply({ changesMade });
    const rotation = { ...rotated, generation: 2, publicKey: randomPublicKey() };
    const results = await plane.apply(kept, rotation, {
      verb: 'remove',
      deviceId: removed.deviceId,
      generation: 2,
    });
    expect(outcomes(results)).toEqual(['applied', 'applied', 'applied']);
    expect(Object.keys(await peers()).sort()).toEqual([kept.publicKey, rotation.publicKey].sort());
  });

  test('with one op that the interface never takes leaves only that one out', async () => {
    const poison = setOp(3);
    const picky: WireGuardBackend = {
      ...backend,
      apply: (changes) =>
        changes.some((change) => change.publicKey === poison.publicKey)
          ? Promise.reject(new Error(`no ${poison.publicKey}`))
          : backend.apply(changes),
    };
    const plane = await start({ backend: picky });
    const good = [setOp(2), setOp(4)] as const;
    const results = await plane.apply(good[0], poison, good[1]);
    expect(outcomes(results)).toEqual(['applied', 'error', 'applied']);
    expect(JSON.stringify(results)).not.toContain(poison.publicKey);
    expect(Object.keys(await peers()).sort()).toEqual([good[0].publicKey, good[1].publicKey].sort());
    // The failed op was not recorded as done: its address is still free.
    expect(outcomes(await plane.apply(setOp(3)))).toEqual(['applied']);
  });

  test('that failed half way tells the truth about it afterwards', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    backend.failNextApply({ changesMade: 1 });
    const rotation = { ...op, generation: 2, publicKey: randomPublicKey() };
    expect(outcomes(await plane.apply(rotation))).toEqual(['error']);
    expect(await peers()).toEqual({});
    // The old generation is no longer on the interface: repeating it must write it again.
    expect(outcomes(await plane.apply(op))).toEqual(['applied']);
    expect(Object.keys(await peers())).toEqual([op.publicKey]);
  });

  test('is refused whole with the epoch of another life', async () => {
    const plane = await start();
    const answer = await plane.request({ type: 'apply', epoch: 'f'.repeat(32), ops: [setOp(2)] });
    expect(answer).toMatchObject({ type: 'refused', id: 1, code: 'wrong_epoch' });
    expect(await peers()).toEqual({});
  });
});

test('before the interface has its key there is no agent, since it would name another to the end of its life', async () => {
  // `wg` prints this as the public key of an interface without a private key.
  const backend = createMemoryBackend({ publicKey: '(none)' });
  await expect(createAgent({ backend, traffic: createNoTraffic() })).rejects.toThrow('no private key yet');
});

test('all control planes share one fence', async () => {
  const plane = await start();
  const [agent] = agents;
  if (agent === undefined) throw new Error('no agent');
  const other = await connect(agent);
  const op = setOp(2);
  await plane.apply({ ...op, generation: 5 });
  expect(outcomes(await other.apply({ ...op, generation: 4 }, setOp(2)))).toEqual(['stale', 'conflict']);
});

describe('list', () => {
  test('shows the interface as it is, and what was changed by hand is written again', async () => {
    const plane = await start();
    const gone = setOp(2);
    const changed = setOp(3);
    await plane.apply(gone, changed);
    backend.byHand(
      { kind: 'remove', publicKey: gone.publicKey },
      { kind: 'set', publicKey: changed.publicKey, allowedIps: ['10.8.0.0/24'] },
    );
    expect(await plane.list()).toEqual([
      {
        publicKey: changed.publicKey,
        allowedIps: ['10.8.0.0/24'],
        owner: { deviceId: changed.deviceId, generation: 1 },
      },
    ]);
    expect(outcomes(await plane.apply(gone, changed))).toEqual(['applied', 'applied']);
    expect(await peers()).toEqual({
      [gone.publicKey]: ['10.8.0.2/32', 'fd00:8::2/128'],
      [changed.publicKey]: ['10.8.0.3/32', 'fd00:8::3/128'],
    });
  });

  test('writes nothing', async () => {
    const plane = await start();
    await plane.apply(setOp(2));
    const { writes } = backend;
    await plane.list();
    await plane.request({ type: 'status' });
    expect(backend.writes).toBe(writes);
  });

  test('comes in pages, ordered by key, of one moment', async () => {
    backend = createMemoryBackend();
    const keys = Array.from({ length: 2500 }, randomPublicKey);
    backend.byHand(...keys.map((publicKey) => ({ kind: 'set', publicKey, allowedIps: [] }) as const));
    const plane = await start();
    const listed = await plane.list();
    expect(listed.map((peer) => peer.publicKey)).toEqual([...keys].sort());
    expect(listed.every((peer) => peer.owner === null)).toBe(true);
  });

  test('does not forget what is set while the interface is being read', async () => {
    let letRead = (): void => undefined;
    const slow: WireGuardBackend = {
      ...backend,
      async peers() {
        const read = await backend.peers();
        await new Promise<void>((resolve) => (letRead = resolve));
        return read;
      },
    };
    const starting = start({ backend: slow });
    await new Promise((resolve) => setImmediate(resolve));
    letRead();
    const plane = await starting;
    const [agent] = agents;
    if (agent === undefined) throw new Error('no agent');
    const other = await connect(agent);
    const removed = setOp(2);
    await plane.apply(removed);

    const listing = plane.list();
    await new Promise((resolve) => setImmediate(resolve));
    const added = setOp(3);
    expect(
      outcomes(await other.apply(added, { verb: 'remove', deviceId: removed.deviceId, generation: 2 })),
    ).toEqual(['applied', 'applied']);
    letRead();
    expect((await listing).map((peer) => peer.publicKey)).toEqual([added.publicKey]);
    const { writes } = backend;
    expect(outcomes(await other.apply(added))).toEqual(['applied']);
    expect(backend.writes).toBe(writes);
  });
});

describe('digest', () => {
  const digestOf = (...ops: SetOp[]) => formatDigest(ops.reduce((sum, op) => sum ^ digestOfPeer(op), 0n));

  test('is that of the devices as their ops want them, whatever the order of their addresses', async () => {
    const plane = await start();
    const [one, two] = [setOp(2), setOp(3, { generation: 7 })];
    expect(await plane.digest()).toMatchObject({ peers: 0, digest: '0'.repeat(16), drifted: 0 });
    await plane.apply({ ...one, addresses: one.addresses.toReversed() }, two);
    expect(await plane.digest()).toMatchObject({ peers: 2, digest: digestOf(one, two), drifted: 0 });
    const moved = { ...two, generation: 8, publicKey: randomPublicKey(), addresses: ['10.8.0.4'] };
    await plane.apply(moved, { verb: 'remove', deviceId: one.deviceId, generation: 2 });
    expect(await plane.digest()).toMatchObject({ peers: 1, digest: digestOf(moved), drifted: 0 });
  });

  test('leaves out what was changed by hand, counts it, and is as before once it is mended', async () => {
    const plane = await start();
    const [kept, gone, wider, robbed] = [setOp(2), setOp(3), setOp(4), setOp(5)];
    await plane.apply(kept, gone, wider, robbed);
    const { digest } = await plane.digest();
    const stranger = randomPublicKey();
    backend.byHand(
      { kind: 'remove', publicKey: gone.publicKey },
      {
        kind: 'set',
        publicKey: wider.publicKey,
        allowedIps: ['10.8.0.4/32', 'fd00:8::4/128', '10.8.9.0/24'],
      },
      { kind: 'set', publicKey: stranger, allowedIps: ['10.8.0.5/32'] },
    );
    const drifted = await plane.digest();
    expect(drifted).toMatchObject({ peers: 1, digest: digestOf(kept), drifted: 4 });
    await plane.apply({ verb: 'evict', publicKey: stranger, owner: null }, gone, wider, robbed);
    expect(await plane.digest()).toMatchObject({ peers: 4, digest, drifted: 0 });
  });

  test('counts a found peer as drift until its device claims it, and writes nothing', async () => {
    const op = setOp(2);
    backend.byHand({ kind: 'set', publicKey: op.publicKey, allowedIps: ['10.8.0.2/32', 'fd00:8::2/128'] });
    const plane = await start();
    expect(await plane.digest()).toMatchObject({ peers: 0, drifted: 1 });
    expect(backend.writes).toBe(0);
    await plane.apply(op);
    expect(await plane.digest()).toMatchObject({ peers: 1, digest: digestOf(op), drifted: 0 });
  });

  test('forgets what a failed batch had planned', async () => {
    const plane = await start();
    const op = setOp(2);
    await plane.apply(op);
    const before = await plane.digest();
    backend.failNextApply({});
    await plane.apply({ ...op, generation: 2, publicKey: randomPublicKey() });
    expect(await plane.digest()).toEqual({ ...before, id: expect.any(Number) as number });
  });
});

describe('configure', () => {
  function countingTraffic(): Traffic & { installed: (readonly string[])[] } {
    const installed: (readonly string[])[] = [];
    return { ...createNoTraffic(), installed, install: (own) => Promise.resolve(installed.push(own) > 1) };
  }

  test('adds what is missing, to the interface and to the rules, and writes nothing where nothing is', async () => {
    const traffic = countingTraffic();
    const plane = await start({ traffic });
    const pools = ['10.8.0.1/24', '10.9.0.1/16', 'FD00:8:0::1/64', 'fd00:9::1/64'].map((text) =>
      text.toLowerCase(),
    );
    await plane.configure(...pools);
    const all = ['10.8.0.1/24', 'fd00:8::1/64', '10.9.0.1/16', 'fd00:9::1/64'];
    expect((await backend.describe()).addresses).toEqual(all);
    expect(traffic.installed).toEqual([['10.8.0.1/24', 'fd00:8::1/64'], all]);
    const { writes } = backend;
    await plane.configure(...pools);
    expect(backend.writes).toBe(writes);
    expect(traffic.installed).toHaveLength(2);
  });

  test('keeps devices from its addresses, and its addresses from devices', async () => {
    const plane = await start();
    await plane.configure('10.9.0.1/16');
    expect(outcomes(await plane.apply(setOp(2, { addresses: ['10.9.0.1'] })))).toEqual(['invalid']);
    await plane.apply(setOp(2, { addresses: ['10.9.0.2'] }));
    await expect(plane.configure('10.10.0.1/24', '10.9.0.2/16')).rejects.toThrow('bad_request');
    expect((await backend.describe()).addresses).not.toContain('10.10.0.1/24');
  });

  test.each([
    ...['0.0.0.0/0', '8.8.8.1/8', '127.0.0.2/8', '203.0.113.1/24', '169.254.169.254/32', '224.0.0.1/24'],
    ...['10.0.0.1/8', '10.9.0.1/30', '10.9.0.1/32', '172.32.0.1/16', '192.169.0.1/24', '100.128.0.1/24'],
    ...[
      '::/0',
      '2606:4700::1/64',
      '2001:db8::1/64',
      'fe80::1/64',
      'fd00:9::1/8',
      'fd00:8::1/0',
      '10.8.0.1/0',
    ],
  ])('takes no network that is not the tunnel’s to take: %s', async (address) => {
    const traffic = countingTraffic();
    const plane = await start({ traffic });
    const { writes } = backend;
    await expect(plane.configure('10.9.0.1/16', address)).rejects.toThrow(
      /bad_request.*must (be in a private range|have)/,
    );
    expect(backend.writes).toBe(writes);
    expect(traffic.installed).toHaveLength(1);
    const inside = address.includes(':') ? '2606:4700::2' : '8.8.8.8';
    expect(outcomes(await plane.apply(setOp(2, { addresses: [inside] })))).toEqual(['invalid']);
  });

  test('takes no IPv4 address inside an IPv6 one', async () => {
    const plane = await start();
    await expect(plane.configure('::ffff:a09:1/64')).rejects.toThrow('bad_request');
    expect(backend.writes).toBe(0);
  });

  test('takes no network that another interface of the VPN server leads to', async () => {
    backend = createMemoryBackend({
      addresses: ['10.8.0.1/24'],
      networksElsewhere: ['10.9.3.7/24', '172.16.0.1/32', 'fd00:9::7/64', '10.128.0.5/9'],
    });
    const plane = await start();
    for (const address of [
      '10.9.0.1/16',
      '10.9.3.129/25',
      '172.16.0.9/24',
      'fd00:9::1/64',
      '10.200.0.1/24',
    ]) {
      await expect(plane.configure(address)).rejects.toThrow(/bad_request.*overlaps/);
    }
    await plane.configure('10.8.0.1/24', '10.10.0.1/24');
    expect((await backend.describe()).addresses).toEqual(['10.8.0.1/24', '10.10.0.1/24']);
  });

  test('what the interface has of its own goes on, whatever the control plane could not add', async () => {
    backend = createMemoryBackend({ addresses: ['203.0.113.1/24'] });
    const plane = await start();
    await plane.configure('203.0.113.1/24', '10.9.0.1/16');
    expect(outcomes(await plane.apply(setOp(2, { addresses: ['203.0.113.2'] })))).toEqual(['applied']);
  });

  test('no device gets an address of which the tunnel does not know', async () => {
    const plane = await start();
    const op = setOp(2, { addresses: ['10.9.0.2'] });
    for (const address of [
      '10.9.0.2',
      '10.8.1.2',
      '8.8.8.8',
      '192.168.0.1',
      'fd00:8:0:1::2',
      '2001:db8::2',
    ]) {
      expect(await plane.apply({ ...op, addresses: ['10.8.0.2', address] })).toEqual([
        { outcome: 'invalid', detail: "an address is in none of the tunnel's networks" },
      ]);
    }
    await plane.configure('10.9.0.1/16');
    expect(outcomes(await plane.apply(op))).toEqual(['applied']);
  });

  test('is refused with the epoch of another life', async () => {
    const plane = await start();
    const answer = await plane.request({
      type: 'configure',
      epoch: 'f'.repeat(32),
      addresses: ['10.9.0.1/16'],
    });
    expect(answer).toMatchObject({ type: 'refused', code: 'wrong_epoch' });
    expect(backend.writes).toBe(0);
  });
});

describe('flows of an address that a device gives up', () => {
  function recordingTraffic(): Traffic & { cut: string[]; failing: boolean } {
    return {
      ...createNoTraffic(),
      cut: [],
      failing: false,
      release(addresses) {
        if (this.failing) return Promise.resolve(addresses);
        this.cut.push(...addresses);
        return Promise.resolve([]);
      },
    };
  }

  test('are cut on removal, eviction and change of address, and on nothing else', async () => {
    const traffic = recordingTraffic();
    const plane = await start({ traffic });
    const removed = setOp(2);
    const evicted = setOp(3);
    const moved = setOp(4);
    await plane.apply(removed, evicted, moved);
    await plane.apply({ ...moved, generation: 2, publicKey: randomPublicKey() });
    expect(traffic.cut).toEqual([]);
    await plane.apply({ verb: 'remove', deviceId: removed.deviceId, generation: 2 });
    expect(traffic.cut.splice(0)).toEqual(['10.8.0.2', 'fd00:8::2']);
    const owner = { deviceId: evicted.deviceId, generation: 1 };
    await plane.apply({ verb: 'evict', publicKey: evicted.publicKey, owner });
    expect(traffic.cut.splice(0)).toEqual(['10.8.0.3', 'fd00:8::3']);
    await plane.apply({ ...moved, generation: 3, addresses: ['10.8.0.44', 'fd00:8::4'] });
    expect(traffic.cut).toEqual(['10.8.0.4']);
  });

  test('hold back the acknowledgement, and the address, until they are cut', async () => {
    const traffic = recordingTraffic();
    const plane = await start({ traffic });
    const op = setOp(2);
    const remove = { verb: 'remove', deviceId: op.deviceId, generation: 2 } as const;
    await plane.apply(op);
    traffic.failing = true;
    expect(outcomes(await plane.apply(remove))).toEqual(['error']);
    expect(await peers()).toEqual({});
    expect(outcomes(await plane.apply(remove, setOp(2), setOp(3)))).toEqual(['error', 'error', 'applied']);
    traffic.failing = false;
    expect(outcomes(await plane.apply(remove, setOp(2)))).toEqual(['applied', 'applied']);
    expect(traffic.cut).toEqual(['10.8.0.2', 'fd00:8::2']);
  });
});

describe('an interface that is gone or made anew', () => {
  test.each<[string, () => void, RegExp]>([
    ['gone', () => backend.vanish(), /is gone/],
    ['made anew', () => backend.recreate(), /made anew/],
  ])('%s ends the agent, and no op reaches it', async (_name, change, message) => {
    const plane = await start();
    const [agent] = agents;
    change();
    await expect(plane.apply(setOp(2))).rejects.toThrow();
    expect(agent?.lost.aborted).toBe(true);
    expect(String(agent?.lost.reason)).toMatch(message);
    expect(backend.writes).toBe(0);
  });

  test('ends the agent even when nobody asks for anything', async () => {
    const agent = await createAgent({ backend, traffic: createNoTraffic(), watchIntervalMs: 5 });
    agents.push(agent);
    backend.recreate();
    await new Promise((resolve) => agent.lost.addEventListener('abort', resolve));
    expect(String(agent.lost.reason)).toMatch(/made anew/);
  });

  test('is another epoch for the next agent', async () => {
    const first = await start();
    const second = await start();
    expect(second.hello.epoch).not.toBe(first.hello.epoch);
  });
});
