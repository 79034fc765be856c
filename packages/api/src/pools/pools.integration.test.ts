/** Pools are added, grown and removed while devices come and go. */
import type { Owner } from '../devices/ports.ts';
import { newId } from '../platform/ids.ts';
import { describe, expect } from 'vitest';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createServerStore } from '../servers/store.ts';
import { test as base } from '../testing/test-with-database.ts';

let alice: Owner;
let serverId: string;
let poolId: string;

const test = base
  .extend('servers', { scope: 'file' }, ({ database }) => createServerStore(database.as('cvault_operator')))
  .extend('devices', { scope: 'file' }, ({ database }) => createDeviceStore(database.as('cvault_api'), 0))
  .extend(
    'register',
    ({ devices }) =>
      () =>
        devices.register(aDevice(alice, { serverId })),
  )
  .extend(
    'addresses',
    ({ database }) =>
      async () =>
        (
          await database.pool.query<{ address: string }>(
            'SELECT host(address) AS address FROM ip_pool WHERE server_id = $1 ORDER BY ip_pool.address',
            [serverId],
          )
        ).rows.map(({ address }) => address),
  );

test.beforeEach(async ({ database, servers }) => {
  alice = await aTenantWithUser(database);
  ({ id: serverId } = await aServer(database, { cidr: '10.9.0.8/29' }));
  poolId = (await servers.pools(serverId))[0]!.id;
});
const last = (number: number) => `10.9.0.${number}`;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => last(from + n));
const codeOf = (error: unknown) => (error as { code: string }).code;

test('a /29 has five addresses for devices; the VPN server has the first', async ({ servers, addresses }) => {
  expect(await addresses()).toEqual(range(10, 14));
  expect(await servers.pools(serverId)).toMatchObject([{ gateway: last(9), addresses: { free: 5 } }]);
});

describe('a pool that grows', () => {
  test('keeps its gateway and leases; its previous network and broadcast addresses can be leased', async ({
    database,
    servers,
    devices,
    register,
    addresses,
  }) => {
    const device = await register();
    const grown = await servers.growPool(serverId, poolId, '10.9.0.0/27');
    expect(grown).toMatchObject({ id: poolId, gateway: last(9), addresses: { free: 28, held: 1 } });
    expect(await addresses()).toEqual([...range(1, 8), ...range(10, 30)]);
    expect(await devices.find(alice, device.id)).toEqual(device);
    expect(await createPeerStore(database.as('cvault_links'), 0).tunnelAddresses(serverId)).toEqual([
      '10.9.0.9/27',
    ]);
  });

  test('during registrations: each device gets its own address, and none is refused once it has grown', async ({
    servers,
    register,
  }) => {
    const coming = Promise.allSettled(Array.from({ length: 40 }, register));
    await servers.growPool(serverId, poolId, '10.9.0.0/24');
    const made = (await coming).filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    while (made.length < 100) made.push(await register());
    expect(new Set(made.map(({ assignedIp }) => assignedIp)).size).toBe(100);
  });

  test('to its present range stays unchanged', async ({ servers }) => {
    const [before] = await servers.pools(serverId);
    expect(await servers.growPool(serverId, poolId, '10.9.0.8/29')).toEqual(before);
  });

  test.for([
    ['that does not hold it', '10.10.0.0/24', 'invalid_request'],
    ['that is smaller than it', '10.9.0.8/30', 'invalid_request'],
    ['that holds a part of another pool', '10.9.0.0/24', 'pool_overlap'],
  ] as const)('to a range %s: refused, nothing changed', async ([, cidr, code], { servers }) => {
    await servers.addPool(serverId, '10.9.0.64/29');
    const before = await servers.pools(serverId);
    await expect(servers.growPool(serverId, poolId, cidr)).rejects.toMatchObject({ code });
    expect(await servers.pools(serverId)).toEqual(before);
  });

  test('of another VPN server is not found', async ({ database, servers }) => {
    const other = await aServer(database);
    await expect(servers.growPool(other.id, poolId, '10.9.0.0/24')).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(servers.growPool(serverId, newId(), '10.9.0.0/24')).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('a pool that is added', () => {
  test('is used at once if the first is full', async ({ servers, register }) => {
    for (let n = 0; n < 5; n++) await register();
    await expect(register()).rejects.toMatchObject({ code: 'pool_exhausted' });
    await servers.addPool(serverId, '10.20.0.0/24');
    expect((await register()).assignedIp).toBe('10.20.0.2');
  });

  test('twice concurrently, and with an overlapping one: one succeeds', async ({ servers }) => {
    const results = await Promise.allSettled(
      ['10.20.0.0/24', '10.20.0.0/24', '10.20.0.0/23', '10.20.0.0/29'].map((cidr) =>
        servers.addPool(serverId, cidr),
      ),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => codeOf(reason))).toEqual(Array(3).fill('pool_overlap'));
    expect(await servers.pools(serverId)).toHaveLength(2);
  });

  test('of 65,533 addresses', async ({ servers }) => {
    const { addresses: counts } = await servers.addPool(serverId, '10.30.0.0/16');
    expect(counts).toEqual({ free: 65_533, held: 0, draining: 0, quarantine: 0 });
  });

  test('beyond the addresses that an interface can have is refused', async ({ database, servers }) => {
    await database.pool.query(
      `INSERT INTO pools (id, server_id, cidr, gateway)
       SELECT gen_random_uuid(), $1, inet '10.40.0.0/29' + n * 8, inet '10.40.0.1' + n * 8 FROM generate_series(1, 62) n`,
      [serverId],
    );
    await expect(servers.addPool(serverId, '10.20.0.0/24')).rejects.toMatchObject({ code: 'state_conflict' });
  });
});

test('a pool with a held or draining address cannot be removed; an unused one is removed with its addresses', async ({
  servers,
  devices,
  register,
  addresses,
}) => {
  const device = await register();
  await expect(servers.removePool(serverId, poolId)).rejects.toMatchObject({ code: 'in_use' });
  await devices.delete(alice, device.id);
  await expect(servers.removePool(serverId, poolId)).rejects.toMatchObject({ code: 'in_use' });
  const added = await servers.addPool(serverId, '10.20.0.0/24');
  expect(await servers.removePool(serverId, added.id)).toBe(true);
  expect(await servers.removePool(serverId, added.id)).toBe(false);
  expect(await addresses()).toEqual(range(10, 14));
});
