import type { Device } from './device.ts';
import { HOLDS, holdsOf } from './hold.ts';
import { expect } from 'vitest';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { putHold, releaseHold } from './hold-sql.ts';
import { createDeviceStore } from './store.ts';
import { test as base } from '../testing/test-with-database.ts';

/** Mulberry32: the same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const BITS = Object.values(HOLDS);

const test = base
  .extend('devices', { scope: 'file' }, async ({ database }) => {
    await aServer(database);
    return createDeviceStore(database.as('cvault_api'), 0);
  })
  .extend('alice', { scope: 'file' }, ({ database }) => aTenantWithUser(database))
  .extend(
    'move',
    ({ database }) =>
      async (sql: string, device: Device, bits: number) =>
        (await database.pool.query<{ server_id: string }>(sql, [device.id, bits])).rows.length,
  );

test.for([1, 2, 3, 4, 5, 6])(
  'random holds, one at a time (seed %i): live exactly without any, a generation for each change of that',
  async (seed, { devices, alice, move }) => {
    const next = random(seed);
    const device = await devices.register(aDevice(alice));
    let [bits, generation] = [0, 1];
    for (let step = 0; step < 60; step++) {
      // One or two holds at once.
      const moved =
        BITS[Math.floor(next() * BITS.length)]! |
        (next() < 0.3 ? BITS[Math.floor(next() * BITS.length)]! : 0);
      const put = next() < 0.5;
      const wanted = put ? bits | moved : bits & ~moved;
      const changes = (wanted === 0) !== (bits === 0);
      const told = await move((put ? putHold : releaseHold)('id = $1'), device, moved);
      bits = wanted;
      generation += Number(changes);
      expect(told).toBe(Number(changes));
      expect(await devices.find(alice, device.id)).toMatchObject({
        state: bits === 0 ? 'live' : 'suspended',
        holds: holdsOf(bits),
        generation,
      });
    }
  },
);

test('the same holds put and released by many at once end as one would have left them', async ({
  database,
  devices,
  alice,
}) => {
  const own = await Promise.all(Array.from({ length: 5 }, () => devices.register(aDevice(alice))));
  for (const sql of [putHold('tenant_id = $1'), releaseHold('tenant_id = $1')]) {
    await Promise.all(
      BITS.flatMap((bit) => [bit, bit]).map((bit) => database.pool.query(sql, [alice.tenantId, bit])),
    );
  }
  for (const device of own) {
    expect(await devices.find(alice, device.id)).toMatchObject({ state: 'live', holds: [], generation: 3 });
  }
});
