import type { PeerStore } from '../fleet/ports.ts';
import type { Server } from '../servers/server.ts';
import type { Device } from './device.ts';
import type { DeviceStore, Owner } from './ports.ts';
import { generateKeyPair } from '@cvault/wireguard';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createDeviceStore } from './store.ts';

let database: TestDatabase;
let devices: DeviceStore;
let peers: PeerStore;
let region = 0;
let server: Server;
let alice: Owner;

beforeAll(async () => {
  database = await createTestDatabase(40);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  peers = createPeerStore(database.as('cvault_links'), 0);
});
afterAll(() => database.close());
beforeEach(async () => {
  // Each test has its own region, so no other test places devices there.
  server = await aServer(database, { region: `region-${++region}` });
  alice = await aTenantWithUser(database);
});

const here = () => ({ region: `region-${region}` });
const codes = (results: PromiseSettledResult<unknown>[]) =>
  results.filter((r) => r.status === 'rejected').map((r) => (r.reason as { code: string }).code);

async function countersEqualRows(): Promise<void> {
  const { rows } = await database.pool.query(
    `SELECT t.id, t.device_count, count(d.id)::int AS rows FROM tenants t
     LEFT JOIN devices d ON d.tenant_id = t.id AND d.state IN ('live', 'suspended')
     GROUP BY t.id HAVING t.device_count <> count(d.id)`,
  );
  expect(rows).toEqual([]);
}

/** Traces that a failed registration must not leave behind. */
async function traces(): Promise<unknown> {
  const { rows } = await database.pool.query(
    `SELECT (SELECT count(*)::int FROM devices WHERE server_id = $1) AS devices,
            (SELECT count(*)::int FROM ip_pool WHERE server_id = $1 AND state <> 'free') AS leases,
            (SELECT count(*)::int FROM outbox WHERE server_id = $1) AS outbox,
            (SELECT count(*)::int FROM public_keys WHERE tenant_id = $2) AS keys,
            (SELECT device_count FROM tenants WHERE id = $2) AS quota`,
    [server.id, alice.tenantId],
  );
  return rows[0];
}
const NO_TRACE = { devices: 0, leases: 0, outbox: 0, keys: 0, quota: 0 };

/** Acknowledges a device as its VPN server does. */
async function acknowledge(device: Device): Promise<void> {
  const epoch = anEpoch();
  await peers.adoptEpoch(device.placement.serverId, epoch);
  await peers.acknowledge(device.placement.serverId, epoch, [
    { deviceId: device.id, generation: device.generation },
  ]);
}

describe('addresses', () => {
  test('begin with 10.8.0.2 and go up', async () => {
    const first = await devices.register(aDevice(alice, here()));
    const second = await devices.register(aDevice(alice, here()));
    expect([first.assignedIp, second.assignedIp]).toEqual(['10.8.0.2', '10.8.0.3']);
  });

  test('500 registrations at once on a pool of 253: each address once, the rest a typed refusal, nothing left behind', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 500 }, () => devices.register(aDevice(alice, here()))),
    );
    const made = results.filter((r) => r.status === 'fulfilled').map((r) => r.value);
    expect(made).toHaveLength(253);
    expect(new Set(made.map((device) => device.assignedIp)).size).toBe(253);
    expect(new Set(codes(results))).toEqual(new Set(['pool_exhausted']));
    expect(await traces()).toEqual({ devices: 253, leases: 253, outbox: 253, keys: 253, quota: 253 });
    await countersEqualRows();
  });

  test('an address comes back only after the acknowledgement and the quarantine, the longest unused first', async () => {
    const small = await aServer(database, { region: 'small', cidr: '10.9.0.0/29' });
    const quarantined = createPeerStore(database.as('cvault_links'), 3600);
    const all = [];
    for (let n = 0; n < 5; n++) all.push(await devices.register(aDevice(alice, { region: 'small' })));
    const full = () => devices.register(aDevice(alice, { region: 'small' }));
    await expect(full()).rejects.toMatchObject({ code: 'pool_exhausted' });

    const [first, second] = all as [Device, Device];
    await devices.delete(alice, first.id);
    await expect(full(), 'not acknowledged').rejects.toMatchObject({ code: 'pool_exhausted' });

    const epoch = anEpoch();
    await peers.adoptEpoch(small.id, epoch);
    await quarantined.acknowledge(small.id, epoch, [{ deviceId: first.id, generation: 2 }]);
    await expect(full(), 'in quarantine').rejects.toMatchObject({ code: 'pool_exhausted' });

    await devices.delete(alice, second.id);
    await peers.acknowledge(small.id, epoch, [{ deviceId: second.id, generation: 2 }]);
    expect((await full()).assignedIp).toBe(second.assignedIp);
  });
});

describe('public keys', () => {
  test('200 registrations of one key at once, by two tenants: one wins', async () => {
    const bob = await aTenantWithUser(database);
    const { publicKey } = generateKeyPair();
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) =>
        devices.register(aDevice(n % 2 === 0 ? alice : bob, { ...here(), publicKey })),
      ),
    );
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    expect(new Set(codes(results))).toEqual(new Set(['public_key_taken']));
    await countersEqualRows();
  });

  test('a VPN server’s own key is refused', async () => {
    const { rows } = await database.pool.query<{ public_key: Buffer }>(
      'SELECT public_key FROM servers WHERE id = $1',
      [server.id],
    );
    await expect(
      devices.register(aDevice(alice, { ...here(), publicKey: rows[0]!.public_key })),
    ).rejects.toMatchObject({ code: 'public_key_taken' });
    expect(await traces()).toEqual(NO_TRACE);
  });

  test('a retired key comes back to its own tenant and to nobody else', async () => {
    const bob = await aTenantWithUser(database);
    const { publicKey } = generateKeyPair();
    const mine = await devices.register(aDevice(alice, { ...here(), publicKey }));
    const deleted = (await devices.delete(alice, mine.id))!;
    await expect(
      devices.register(aDevice(alice, { ...here(), publicKey })),
      'still on the VPN server',
    ).rejects.toMatchObject({
      code: 'public_key_taken',
    });
    await acknowledge(deleted);
    await expect(devices.register(aDevice(bob, { ...here(), publicKey }))).rejects.toMatchObject({
      code: 'public_key_taken',
    });
    await expect(devices.register(aDevice(alice, { ...here(), publicKey }))).resolves.toMatchObject({
      state: 'live',
    });
  });
});

describe('quota', () => {
  test('is exact at the limit, and every failure leaves nothing', async () => {
    const bob = await aTenantWithUser(database, { deviceLimit: 10 });
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, () => devices.register(aDevice(bob, here()))),
    );
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(10);
    expect(new Set(codes(results))).toEqual(new Set(['device_limit_reached']));
    await countersEqualRows();
    const { rows } = await database.pool.query(
      "SELECT FROM ip_pool WHERE server_id = $1 AND state <> 'free'",
      [server.id],
    );
    expect(rows).toHaveLength(10);
  });

  test('is given back once, however many delete at once', async () => {
    const device = await devices.register(aDevice(alice, here()));
    const results = await Promise.all(Array.from({ length: 20 }, () => devices.delete(alice, device.id)));
    expect(results.filter((result) => result !== null)).toHaveLength(1);
    await countersEqualRows();
  });
});

test('an unknown region is distinguished from a full one', async () => {
  await expect(devices.register(aDevice(alice, { region: 'atlantis' }))).rejects.toMatchObject({
    code: 'unknown_region',
  });
  expect(await traces()).toEqual(NO_TRACE);
});

test('a user of another tenant cannot own a device: the database itself refuses', async () => {
  const bob = await aTenantWithUser(database);
  await expect(
    devices.register(aDevice({ tenantId: alice.tenantId, userId: bob.userId }, here())),
  ).rejects.toMatchObject({ constraint: 'devices_tenant_id_user_id_fkey' });
  expect(await traces()).toEqual(NO_TRACE);
});

test('nobody sees, renames or deletes another’s device', async () => {
  const bob = await aTenantWithUser(database);
  const device = await devices.register(aDevice(alice, here()));
  const sibling = { tenantId: alice.tenantId, userId: bob.userId };
  for (const stranger of [bob, sibling, { tenantId: bob.tenantId, userId: alice.userId }]) {
    expect(await devices.find(stranger, device.id)).toBeNull();
    expect(await devices.update(stranger, device.id, { deviceName: 'mine now' })).toBeNull();
    expect(await devices.delete(stranger, device.id)).toBeNull();
    expect(await devices.list(stranger)).toEqual([]);
  }
  expect(await devices.find(alice, device.id)).toMatchObject({
    fields: { deviceName: 'phone' },
    state: 'live',
  });
});

describe('acknowledgements', () => {
  test('of an older epoch, an older generation or another VPN server change nothing', async () => {
    const device = await devices.register(aDevice(alice, here()));
    const other = await aServer(database, { region: 'elsewhere' });
    const epoch = anEpoch();
    await peers.adoptEpoch(server.id, anEpoch());
    await peers.acknowledge(server.id, epoch, [{ deviceId: device.id, generation: 1 }]);
    await peers.adoptEpoch(server.id, epoch);
    await peers.adoptEpoch(other.id, epoch);
    await peers.acknowledge(other.id, epoch, [{ deviceId: device.id, generation: 1 }]);
    await peers.acknowledge(server.id, epoch, [{ deviceId: device.id, generation: 2 }]);
    expect(await devices.find(alice, device.id)).toMatchObject({ appliedGeneration: 0, appliedEpoch: null });
    await peers.acknowledge(server.id, epoch, [{ deviceId: device.id, generation: 1 }]);
    expect(await devices.find(alice, device.id)).toMatchObject({ appliedGeneration: 1, appliedEpoch: epoch });
  });

  test('of the first generation do not free what a deleted device holds', async () => {
    const device = await devices.register(aDevice(alice, here()));
    await devices.delete(alice, device.id);
    await acknowledge(device);
    const { rows } = await database.pool.query('SELECT state FROM ip_pool WHERE device_id = $1', [device.id]);
    expect(rows).toEqual([{ state: 'draining' }]);
  });

  test.each([[[1, 2]], [[2, 1]]])(
    'of both generations of a device in one batch, as %j, count as the newest',
    async (generations) => {
      const device = await devices.register(aDevice(alice, here()));
      await devices.delete(alice, device.id);
      const epoch = anEpoch();
      await peers.adoptEpoch(server.id, epoch);
      const acks = generations.map((generation) => ({ deviceId: device.id, generation }));
      await peers.acknowledge(server.id, epoch, acks);
      const { rows } = await database.pool.query(
        'SELECT applied_generation, removed_at IS NOT NULL AS removed FROM devices WHERE id = $1',
        [device.id],
      );
      expect(rows).toEqual([{ applied_generation: 2, removed: true }]);
    },
  );
});

test('a device that its VPN server refuses gives its quota back and drains its address', async () => {
  const device = await devices.register(aDevice(alice, here()));
  await peers.fail({ tenantId: alice.tenantId, deviceId: device.id, generation: 1 }, 'conflict');
  await peers.fail({ tenantId: alice.tenantId, deviceId: device.id, generation: 1 }, 'conflict');
  expect(await devices.find(alice, device.id)).toMatchObject({
    state: 'failed',
    failure: 'conflict',
    generation: 2,
  });
  await countersEqualRows();
  await devices.delete(alice, device.id);
  await countersEqualRows();
});

test('an outbox entry is claimed by one sweeper at a time', async () => {
  for (let n = 0; n < 20; n++) await devices.register(aDevice(alice, here()));
  const claims = await Promise.all(Array.from({ length: 8 }, () => peers.claimDue(server.id, 5)));
  const claimed = claims.flat().map((peer) => peer.deviceId);
  expect(claimed).toHaveLength(new Set(claimed).size);
  expect(await peers.claimDue(server.id, 100)).toHaveLength(20 - claimed.length);
});
