/** Runs all statements that change many rows against each other. No deadlock may reach a caller. */
import type { Device } from '../../devices/device.ts';
import { HOLDS } from '../../devices/hold.ts';
import type { Owner } from '../../devices/ports.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../../testing/fixtures.ts';
import { putHold, releaseHold } from '../../devices/hold-sql.ts';
import { createDeviceStore } from '../../devices/store.ts';
import { createPeerStore } from '../../fleet/peer-store.ts';
import { inTransaction } from './transaction.ts';

const ROUNDS = 60;

let database: TestDatabase;
let owners: Owner[];
let serverIds: string[];
const epoch = anEpoch();

beforeAll(async () => {
  database = await createTestDatabase(24);
  const peers = createPeerStore(database.as('cvault_links'), 0);
  owners = [await aTenantWithUser(database), await aTenantWithUser(database)];
  serverIds = [(await aServer(database)).id, (await aServer(database, { cidr: '10.9.0.0/24' })).id];
  for (const id of serverIds) await peers.adoptEpoch(id, epoch);
});
afterAll(() => database.close());

test('opposing writers of the same rows, repeatedly', async () => {
  const devices = createDeviceStore(database.as('cvault_api'), 0);
  const peers = createPeerStore(database.as('cvault_links'), 0);
  const made: Device[] = [];
  for (let n = 0; n < 20; n++) made.push(await devices.register(aDevice(owners[n % 2]!)));
  const backwards = [...made].reverse();
  const acknowledge = (list: readonly Device[]) => async () => {
    for (const serverId of serverIds) {
      const acks = list.map((device) => ({ deviceId: device.id, generation: device.generation }));
      await peers.acknowledge(serverId, epoch, acks);
    }
  };
  const hold = (sql: string, owner: Owner) => () =>
    inTransaction(database.pool, (db) => db.query(sql, [owner.tenantId, HOLDS.tenant]));
  const work: (() => Promise<unknown>)[] = [
    acknowledge(made),
    acknowledge(backwards),
    ...owners.flatMap((owner) => [
      hold(putHold('tenant_id = $1'), owner),
      hold(releaseHold('tenant_id = $1'), owner),
      async () => {
        const device = await devices.register(aDevice(owner));
        await devices.delete(owner, device.id);
      },
    ]),
    () => Promise.all(serverIds.map((id) => peers.claimDue(id, 512))),
    () => peers.claimLook(serverIds, 0),
    () => peers.claimLook([...serverIds].reverse(), 0),
    () => peers.noteContact(serverIds),
    () => peers.noteContact([...serverIds].reverse()),
    async () => {
      const device = await devices.register(aDevice(owners[0]!));
      await peers.fail({ tenantId: device.tenantId, deviceId: device.id, generation: 1 }, 'conflict');
    },
  ];
  for (let round = 0; round < ROUNDS; round++) await Promise.all(work.map((each) => each()));
  const { rows } = await database.pool.query(
    `SELECT device_count, (SELECT count(*)::int FROM devices d
       WHERE d.tenant_id = t.id AND d.state IN ('live', 'suspended')) AS devices FROM tenants t`,
  );
  for (const { device_count, devices: there } of rows as { device_count: number; devices: number }[]) {
    expect(device_count).toBe(there);
  }
});

test('of two transactions that lock each other’s rows, the loser is repeated and both succeed', async () => {
  const [one, two] = owners as [Owner, Owner];
  let attempts = 0;
  let arrived = 0;
  let open: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (open = resolve));
  const touch = (first: Owner, second: Owner) =>
    inTransaction(database.pool, async (db) => {
      attempts++;
      await db.query('UPDATE tenants SET password_length_min = 12 WHERE id = $1', [first.tenantId]);
      if (++arrived === 2) open();
      await both;
      await db.query('UPDATE tenants SET password_length_min = 12 WHERE id = $1', [second.tenantId]);
    });
  await Promise.all([touch(one, two), touch(two, one)]);
  // On a busy machine the repeated one may be back before the other has taken the row, and lose again.
  expect(attempts).toBeGreaterThan(2);
});
