/** Tenants are notified once of the events of their devices' VPN servers, no matter which replica notices. */
import { newId } from '../platform/ids.ts';
import type { Server } from './server.ts';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { keepReachability } from './reachability.job.ts';
import { strictItems } from '../testing/items.ts';

let database: TestDatabase;
let server: Server;
let tenants: string[];

beforeEach(async () => {
  await database?.close();
  database = await createTestDatabase();
  server = await aServer(database);
  const devices = createDeviceStore(database.as('cvault_api'), 0);
  tenants = [];
  for (const has of ['a device here', 'a device here', 'no device']) {
    const owner = await aTenantWithUser(database);
    tenants.push(owner.tenantId);
    await database.pool.query(
      "INSERT INTO webhook_endpoints (id, tenant_id, url, secret, events) VALUES ($1, $2, 'https://a.test', 'x', $3)",
      [
        newId(),
        owner.tenantId,
        ['server.unreachable', 'server.recovered', 'server.draining', 'server.enabled'],
      ],
    );
    if (has === 'a device here') await devices.register(aDevice(owner));
  }
  await answered('1 second');
});
afterAll(() => database.close());

const answered = (ago: string) =>
  database.pool.query('UPDATE servers SET last_contact_at = now() - $1::interval', [ago]);

/** The notices to each tenant, in order. */
async function told(): Promise<string[][]> {
  const { rows } = await database.pool.query<{ tenant_id: string; type: string; data: { serverId: string } }>(
    'SELECT tenant_id, type, data FROM webhook_events ORDER BY id',
  );
  for (const { data } of rows) expect(data.serverId).toBe(server.id);
  return tenants.map((id) => rows.filter((row) => row.tenant_id === id).map(({ type }) => type));
}

const process = () => keepReachability(database.as('cvault_jobs'));

async function update(times: number, by = process()): Promise<void> {
  for (let n = 0; n < times; n++) await by.run(strictItems());
}

test('that its agent does not answer, and that it answers again; by two processes, once', async () => {
  await answered('91 seconds');
  const [one, two] = [process(), process()];
  await update(2, one);
  expect(await told()).toEqual([[], [], []]);
  await Promise.all([update(3, one), update(3, two)]);
  expect(await told()).toEqual([['server.unreachable'], ['server.unreachable'], []]);
  await answered('0 seconds');
  await Promise.all([update(2, one), update(2, two)]);
  const both = ['server.unreachable', 'server.recovered'];
  expect(await told()).toEqual([both, both, []]);
});

test('not that it was silent while nobody listened', async () => {
  await answered('1 hour');
  await update(2);
  await answered('1 second');
  await update(3);
  expect(await told()).toEqual([[], [], []]);
});

test('what its operator does with it', async () => {
  const operator = database.as('cvault_operator').pool;
  await operator.query("UPDATE servers SET state = 'draining' WHERE id = $1", [server.id]);
  await operator.query('UPDATE servers SET weight = 7 WHERE id = $1', [server.id]);
  await operator.query("UPDATE servers SET state = 'active' WHERE id = $1", [server.id]);
  const both = ['server.draining', 'server.enabled'];
  expect(await told()).toEqual([both, both, []]);
});
