/** Devices that their VPN server refused: what they give back, and how they come back. */
import type { PeerStore } from '../fleet/ports.ts';
import type { DeviceStore, Owner } from './ports.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDoctorStore } from '../doctor/store.ts';
import { createUserDirectoryStore } from '../users/store.ts';
import { finishUserDeletions } from '../users/finish-deletions.job.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { eraseUsers } from '../privacy/erase-users.job.ts';
import { createPrivacyStore } from '../privacy/store.ts';
import { createTenantStore } from '../tenants/store.ts';
import { finishDepartures } from './finish-departures.job.ts';
import { createDeviceStore } from './store.ts';
import { strictItems } from '../testing/items.ts';

const EPOCH = anEpoch();
let database: TestDatabase;
let devices: DeviceStore;
let peers: PeerStore;
let alice: Owner;
let here: string;
let there: string;
let number = 0;

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database, 0);
  peers = createPeerStore(database, 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  const region = `region-${++number}`;
  [here, there] = [
    (await aServer(database, { region, cidr: '10.8.0.0/29' })).id,
    (await aServer(database, { region })).id,
  ];
  for (const id of [here, there]) await peers.adoptEpoch(id, EPOCH);
  alice = await aTenantWithUser(database);
});

const register = (serverId = here) => devices.register(aDevice(alice, { serverId }));
const move = async (id: string, serverId: string) =>
  (await devices.move(alice, id, { region: null, serverId }))?.device;
const healthy = async () => expect(await createDoctorStore(database).examine()).toEqual([]);
const count = async () =>
  (
    await database.pool.query<{ device_count: number }>('SELECT device_count FROM tenants WHERE id = $1', [
      alice.tenantId,
    ])
  ).rows[0]!.device_count;

async function fail(id: string): Promise<void> {
  const device = await devices.find(alice, id);
  if (device === null) return;
  await peers.fail({ tenantId: alice.tenantId, deviceId: id, generation: device.generation }, 'full');
}

/** Acknowledges all desired peers, as a VPN server's link does. */
async function settle(serverId: string): Promise<void> {
  const desired = await peers.desired(serverId);
  const acks = desired.map(({ deviceId, generation }) => ({ deviceId, generation }));
  await peers.acknowledge(serverId, EPOCH, acks);
  await finishDepartures(database).run(strictItems());
}

async function leaseOf(serverId: string, address: string): Promise<string> {
  const { rows } = await database.pool.query<{ state: string; mine: boolean }>(
    'SELECT state FROM ip_pool WHERE server_id = $1 AND address = $2',
    [serverId, address],
  );
  return rows[0]!.state;
}

test('the quota is given back at once, the address when the VPN server has acknowledged that the device is gone', async () => {
  const device = await register();
  await settle(here);
  await fail(device.id);
  expect(await devices.find(alice, device.id)).toMatchObject({
    state: 'failed',
    failure: 'full',
    generation: 2,
  });
  expect([await count(), await leaseOf(here, device.assignedIp)]).toEqual([0, 'draining']);
  expect(await peers.desired(here)).toMatchObject([{ deviceId: device.id, generation: 2, present: false }]);
  await healthy();
  await settle(here);
  expect(await leaseOf(here, device.assignedIp)).toBe('quarantine');
  await healthy();
});

describe('the next holder of its address is not touched', () => {
  const scope = (owner: Owner) => ({ tenantId: owner.tenantId, mode: 'live' as const });
  const eraseRequested = () =>
    eraseUsers({ database: database.as('cvault_jobs'), peers: { wake: () => undefined } }).run(strictItems());

  test.each<[string, (owner: Owner, deviceId: string) => Promise<unknown>, (() => Promise<unknown>) | null]>([
    ['its owner deletes it', (owner, id) => devices.delete(owner, id), null],
    [
      'its user is deleted',
      (owner) =>
        createUserDirectoryStore(database.as('cvault_api')).beginDeletion(scope(owner), owner.userId),
      () => finishUserDeletions(database.as('cvault_jobs')).run(strictItems()),
    ],
    [
      'its user is erased',
      async (owner) => {
        await createPrivacyStore(database.as('cvault_api')).requestErasure(scope(owner), owner.userId);
        await eraseRequested();
      },
      eraseRequested,
    ],
    [
      'its tenant is deleted',
      ({ tenantId }) => createTenantStore(database.as('cvault_operator')).beginDeletion(tenantId),
      null,
    ],
  ])('when %s', async (_how, end, finish) => {
    const failed = await register();
    await register();
    await fail(failed.id);
    await settle(here);
    const bob = await aTenantWithUser(database);
    const others = [];
    for (let n = 0; n < 4; n++) others.push(await devices.register(aDevice(bob, { serverId: here })));
    const heir = others.find(({ assignedIp }) => assignedIp === failed.assignedIp)!;
    await settle(here);
    await healthy();

    await end(alice, failed.id);
    await healthy();
    await settle(here);
    await finish?.();
    expect(await leaseOf(here, heir.assignedIp)).toBe('held');
    expect(await devices.find(bob, heir.id)).toMatchObject({ state: 'live' });
    await healthy();
    const { rowCount } = await database.pool.query('SELECT FROM public_keys WHERE device_id = $1', [
      failed.id,
    ]);
    expect(rowCount, 'its key is retired').toBe(0);
  });
});

describe('a move brings it back', () => {
  test.each([
    ['to another VPN server', () => there, true],
    ['to another VPN server, before the first has acknowledged', () => there, false],
    ['to the same one', () => here, true],
    ['to the same one, before it has acknowledged', () => here, false],
  ])('%s', async (_where, to, acknowledged) => {
    const device = await register();
    await settle(here);
    await fail(device.id);
    if (acknowledged) await settle(here);
    const moved = (await move(device.id, to()))!;
    expect(moved).toMatchObject({
      id: device.id,
      publicKey: device.publicKey,
      state: 'live',
      failure: null,
      generation: 3,
      placement: { serverId: to() },
    });
    expect(await count()).toBe(1);
    await healthy();
    await settle(here);
    await settle(there);
    expect(await leaseOf(to(), moved.assignedIp)).toBe('held');
    const { rows } = await database.pool.query(
      'SELECT FROM ip_pool WHERE device_id = $1 UNION ALL SELECT FROM departures WHERE device_id = $1 UNION ALL SELECT FROM outbox WHERE device_id = $1',
      [device.id],
    );
    expect(rows, 'its lease and nothing else').toHaveLength(1);
    await healthy();
  });

  test('after a move that was refused, back to where it was', async () => {
    const device = await register(there);
    await settle(there);
    await move(device.id, here);
    await fail(device.id);
    await settle(there);
    expect(await move(device.id, there)).toMatchObject({ state: 'live', placement: { serverId: there } });
    await settle(here);
    await settle(there);
    await healthy();
  });

  test('within the quota only, and not in a tenant that is suspended: it stays as it is', async () => {
    const device = await register();
    await fail(device.id);
    const set = (text: string) =>
      database.pool.query(`UPDATE tenants SET ${text} WHERE id = $1`, [alice.tenantId]);
    await set('device_limit = 0');
    await expect(move(device.id, there)).rejects.toMatchObject({ code: 'device_limit_reached' });
    await set('device_limit = 5, user_device_limit = 0');
    await expect(move(device.id, there)).rejects.toMatchObject({ code: 'user_device_limit_reached' });
    await set("user_device_limit = NULL, state = 'suspended'");
    await expect(move(device.id, there)).rejects.toMatchObject({ code: 'tenant_suspended' });
    expect(await devices.find(alice, device.id)).toMatchObject({ state: 'failed', generation: 2 });
    await healthy();
  });

  test('once, whoever moves and deletes at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const device = await register();
      await Promise.all([
        fail(device.id),
        ...[there, here, there].map((to) => move(device.id, to).catch(() => undefined)),
      ]);
      await healthy();
      await Promise.all([settle(here), settle(there), fail(device.id), move(device.id, there)]);
      await healthy();
      await Promise.all([
        move(device.id, here).catch(() => undefined),
        devices.delete(alice, device.id),
        fail(device.id),
      ]);
      await healthy();
      for (const each of [here, there, here]) await settle(each);
      await healthy();
    }
    expect(await count()).toBe(0);
    const { rowCount } = await database.pool.query(
      "SELECT FROM ip_pool WHERE server_id = ANY($1) AND state IN ('held', 'draining')",
      [[here, there]],
    );
    expect(rowCount).toBe(0);
  });
});
