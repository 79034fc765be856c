import { createHash } from 'node:crypto';
import type { PeerStore } from '../fleet/ports.ts';
import type { Server } from '../servers/server.ts';
import type { Device } from './device.ts';
import { HOLDS } from './hold.ts';
import type { DeviceStore, Owner } from './ports.ts';
import { generateKeyPair } from '@cvault/wireguard';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { putHold } from './hold-sql.ts';
import { createDeviceStore } from './store.ts';

let database: TestDatabase;
let devices: DeviceStore;
let peers: PeerStore;
let server: Server;
let alice: Owner;
let bob: Owner;
let region = 0;

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  peers = createPeerStore(database.as('cvault_links'), 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  server = await aServer(database, { region: `region-${++region}` });
  [alice, bob] = [await aTenantWithUser(database), await aTenantWithUser(database)];
});

const register = (owner = alice, publicKey?: Buffer) =>
  devices.register(
    aDevice(owner, { region: `region-${region}`, ...(publicKey === undefined ? {} : { publicKey }) }),
  );

const keys = (overlapSeconds = 0, publicKey = generateKeyPair().publicKey) => ({
  publicKey,
  sealedPrivateKey: null,
  sealedPresharedKey: Buffer.alloc(63, region),
  overlapSeconds,
});

const rotate = (device: Device, change = keys()) => devices.rotate(alice, device.id, change);

async function acknowledge({ id, generation }: Device): Promise<void> {
  const epoch = anEpoch();
  await peers.adoptEpoch(server.id, epoch);
  await peers.acknowledge(server.id, epoch, [{ deviceId: id, generation }]);
}

const hold = (device: Device, bit: number) => database.pool.query(putHold('id = $1'), [device.id, bit]);

/** Whether each of these keys is registered for a device. */
async function registered(device: Device, ...candidates: Buffer[]): Promise<boolean[]> {
  const { rows } = await database.pool.query<{ key_hash: Buffer }>(
    'SELECT key_hash FROM public_keys WHERE device_id = $1',
    [device.id],
  );
  const hashes = rows.map((row) => row.key_hash.toString('hex'));
  return candidates.map((key) => hashes.includes(createHash('sha256').update(key).digest('hex')));
}

test('other keys, everything else as it was, and one generation more', async () => {
  const device = await register();
  const change = keys();
  const rotated = (await rotate(device, change))!;
  expect(rotated).toMatchObject({
    id: device.id,
    assignedIp: device.assignedIp,
    generation: device.generation + 1,
    publicKey: change.publicKey,
    sealedPresharedKey: change.sealedPresharedKey,
    replacesKey: null,
    overlapUntil: null,
    state: 'live',
  });
  expect(rotated.keyChangedAt.getTime()).toBeGreaterThanOrEqual(device.keyChangedAt.getTime());
  const due = await peers.claimDue(server.id, 10);
  expect(due.map(({ deviceId, generation }) => [deviceId, generation])).toContainEqual([device.id, 2]);
});

test('the old key is nobody’s until it is gone from the VPN server, and then its own tenant’s alone', async () => {
  const device = await register();
  const rotated = (await rotate(device))!;
  await expect(register(alice, device.publicKey), 'not acknowledged').rejects.toMatchObject({
    code: 'public_key_taken',
  });
  await acknowledge(rotated);
  await expect(register(bob, device.publicKey)).rejects.toMatchObject({ code: 'public_key_taken' });
  await expect(
    devices.rotate(bob, (await register(bob)).id, keys(0, device.publicKey)),
  ).rejects.toMatchObject({ code: 'public_key_taken' });
  await expect(register(alice, device.publicKey)).resolves.toMatchObject({ state: 'live' });
});

test('with an overlap the old key stays the device’s until that has ended', async () => {
  const device = await register();
  const rotated = (await rotate(device, keys(3600)))!;
  expect(rotated.replacesKey).toEqual(device.publicKey);
  await acknowledge(rotated);
  expect(await registered(device, device.publicKey, rotated.publicKey)).toEqual([true, true]);
  const again = (await rotate(rotated))!;
  await acknowledge(again);
  expect(await registered(device, device.publicKey, rotated.publicKey, again.publicKey)).toEqual([
    false,
    false,
    true,
  ]);
});

test('a key that is in use, its own or another’s, is refused and changes nothing', async () => {
  const [device, other] = [await register(), await register(bob)];
  for (const publicKey of [device.publicKey, other.publicKey, await serversKey()]) {
    await expect(rotate(device, keys(0, publicKey))).rejects.toMatchObject({ code: 'public_key_taken' });
  }
  expect(await devices.find(alice, device.id)).toEqual(device);
});

async function serversKey(): Promise<Buffer> {
  const { rows } = await database.pool.query<{ public_key: Buffer }>(
    'SELECT public_key FROM servers WHERE id = $1',
    [server.id],
  );
  return rows[0]!.public_key;
}

test('nobody changes the keys of another’s device', async () => {
  const device = await register();
  const sibling = { tenantId: alice.tenantId, userId: bob.userId };
  for (const stranger of [bob, sibling]) expect(await devices.rotate(stranger, device.id, keys())).toBeNull();
  expect(await devices.find(alice, device.id)).toEqual(device);
});

test('a device held only for its old key is back; one with another hold stays away, without an overlap', async () => {
  const [old, both] = [await register(), await register()];
  await hold(old, HOLDS.key);
  await hold(both, HOLDS.key | HOLDS.data);
  expect(await rotate(old, keys(60))).toMatchObject({ state: 'live', holds: [], replacesKey: null });
  expect(await rotate(both, keys(60))).toMatchObject({
    state: 'suspended',
    holds: ['data'],
    replacesKey: null,
  });
});

test('a failed device must be deleted instead', async () => {
  const device = await register();
  await peers.fail({ tenantId: alice.tenantId, deviceId: device.id, generation: 1 }, 'conflict');
  await expect(rotate(device)).rejects.toMatchObject({ code: 'state_conflict' });
});

test('of many that replace the same key one does', async () => {
  const device = await register();
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      devices.rotate(alice, device.id, { ...keys(), ifPublicKey: device.publicKey }),
    ),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await devices.find(alice, device.id)).toMatchObject({ generation: 2 });
});

test('rotated and deleted by many at once: one deletion, every generation once, no key left behind', async () => {
  const device = await register();
  const changes = Array.from({ length: 24 }, () => keys(30));
  const results = await Promise.all([
    ...changes.map((change, index) =>
      index === 12 ? devices.delete(alice, device.id).then(() => null) : rotate(device, change),
    ),
  ]);
  const { rows } = await database.pool.query<Record<string, unknown>>(
    `SELECT state, generation, private_key, preshared_key, replaces_key,
       (SELECT device_count FROM tenants WHERE id = $2) AS of_tenant,
       (SELECT device_count FROM tenant_users WHERE id = $3) AS of_user
     FROM devices WHERE id = $1`,
    [device.id, alice.tenantId, alice.userId],
  );
  const kept = results.filter((result) => result !== null).length;
  expect(rows).toEqual([
    {
      state: 'deleted',
      generation: expect.any(Number) as number,
      private_key: null,
      preshared_key: null,
      replaces_key: null,
      of_tenant: 0,
      of_user: 0,
    },
  ]);
  const generation = rows[0]!['generation'] as number;
  // A rotation whose device was read after the deletion does not count, but its generation stays used.
  expect(generation).toBeGreaterThanOrEqual(kept + 2);
  expect(generation).toBeLessThanOrEqual(25);
  await acknowledge({ ...device, generation });
  const { rowCount } = await database.pool.query('SELECT FROM public_keys WHERE device_id = $1', [device.id]);
  expect(rowCount).toBe(0);
});
