/**
 * A row that fails in periodic work delays no other row, is shown to the operator, and is processed once that is
 * possible.
 */
import type { Owner } from '../../devices/ports.ts';
import { newId } from '../ids.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createDeviceStore } from '../../devices/store.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../../testing/fixtures.ts';
import { createWholeApi, type WholeApi } from '../../testing/whole-api.ts';

/** More than any selection takes, so that failing rows could fill one. */
const MANY = 120;

let database: TestDatabase;
let api: WholeApi;
let alice: Owner;
let servers = 0;

const sql = <R extends object>(text: string, values: unknown[] = []) => database.pool.query<R>(text, values);
const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 60_000, interval: 300 });

/** Makes all further work on these rows fail. */
async function poison(ids: readonly string[]): Promise<void> {
  await sql('INSERT INTO poisoned SELECT unnest($1::uuid[])', [ids]);
}

async function plant(table: string, event: 'UPDATE' | 'DELETE', when: string): Promise<void> {
  await sql(
    `CREATE TRIGGER "poison_${event}" BEFORE ${event} ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION poison()`,
  );
}

beforeAll(async () => {
  database = await createTestDatabase();
  await sql('CREATE TABLE poisoned (id uuid PRIMARY KEY)');
  await sql(`
    CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      -- Periodic work says who acts, this test does not.
      IF current_setting('cvault.act', true) <> '' AND EXISTS (SELECT FROM poisoned WHERE poisoned.id = OLD.id) THEN RAISE EXCEPTION 'this row is poisoned'; END IF;
      IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
      RETURN NEW;
    END $$`);
  await plant('tenants', 'DELETE', 'true');
  await plant('tenant_users', 'DELETE', 'true');
  await plant('servers', 'UPDATE', "NEW.state = 'removed'");
  await plant(
    'devices',
    'UPDATE',
    'NEW.removed_at IS NOT NULL OR NEW.server_id <> OLD.server_id OR NEW.holds <> OLD.holds OR NEW.generation <> OLD.generation AND NEW.state = OLD.state',
  );
  await aServer(database, { region: 'there', cidr: '10.9.0.0/24' });
  alice = await aTenantWithUser(database);
  api = await createWholeApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

interface Job {
  name: string;
  error: string | null;
  failingCount: number;
  failing: { item: string; error: string; attempts: number }[];
}

async function get<T>(path: string): Promise<T> {
  const headers = { authorization: `Bearer ${api.adminKey}` };
  return (await api.app.inject({ url: path, headers })).json<T>();
}

const jobOf = async (name: string) =>
  (await get<{ jobs: Job[] }>('/api/v1/admin/jobs')).jobs.find((job) => job.name === name)!;

async function aUser({ tenantId }: Owner): Promise<Owner> {
  const userId = newId();
  await sql("INSERT INTO tenant_users (id, tenant_id, email, password_hash) VALUES ($1, $2, $3, 'none')", [
    userId,
    tenantId,
    `${userId}@example.com`,
  ]);
  return { tenantId, userId };
}

const register = (owner: Owner, serverId: string) =>
  createDeviceStore(database.as('cvault_api'), 0).register(aDevice(owner, { serverId }));
const someUsers = async (count: number) => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await aUser(alice)).userId);
  return ids;
};
const isThere = (table: string) => async (id: string) =>
  (await sql(`SELECT FROM ${table} WHERE id = $1`, [id])).rowCount === 1;

interface Case {
  readonly job: string;
  /** Creates rows for the job, the first of them poisoned, and starts it. */
  begin(): Promise<{ bad: string[]; good: string[]; start: () => Promise<unknown> }>;
  waits(id: string): Promise<boolean>;
}

/** Three devices of one user on their own VPN server. */
async function devicesOf(change: (ids: string[], serverId: string) => Promise<unknown>) {
  const owner = await aUser(alice);
  const server = await aServer(database, { region: 'here', cidr: `10.1.${servers++}.0/24` });
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.push((await register(owner, server.id)).id);
  await eventually(async () => {
    const { rowCount } = await sql(
      'SELECT FROM devices WHERE id = ANY($1) AND applied_generation = generation',
      [ids],
    );
    expect(rowCount).toBe(ids.length);
  });
  return { bad: ids.slice(0, 1), good: ids.slice(1), start: () => change(ids, server.id) };
}

const CASES: Case[] = [
  {
    job: 'finish deletions of tenants',
    async begin() {
      const ids: string[] = [];
      for (let n = 0; n < 3; n++) ids.push((await aTenantWithUser(database)).tenantId);
      const start = () => sql("UPDATE tenants SET state = 'deleting' WHERE id = ANY($1)", [ids]);
      return { bad: ids.slice(0, 1), good: ids.slice(1), start };
    },
    waits: isThere('tenants'),
  },
  {
    job: 'finish deletions of users',
    async begin() {
      const ids = await someUsers(MANY + 1);
      const start = () => sql("UPDATE tenant_users SET state = 'deleting' WHERE id = ANY($1)", [ids]);
      return { bad: ids.slice(0, MANY), good: ids.slice(MANY), start };
    },
    waits: isThere('tenant_users'),
  },
  {
    job: 'erase users',
    async begin() {
      const ids = await someUsers(MANY + 1);
      const start = () => sql('UPDATE tenant_users SET erase_requested_at = now() WHERE id = ANY($1)', [ids]);
      return { bad: ids.slice(0, MANY), good: ids.slice(MANY), start };
    },
    waits: isThere('tenant_users'),
  },
  {
    job: 'finish removals',
    async begin() {
      const ids: string[] = [];
      for (let n = 0; n < 2; n++) {
        ids.push((await aServer(database, { region: 'gone', cidr: `10.2${n}.0.0/29` })).id);
      }
      const start = () => sql("UPDATE servers SET state = 'removing' WHERE id = ANY($1)", [ids]);
      return { bad: ids.slice(0, 1), good: ids.slice(1), start };
    },
    waits: async (id) =>
      (await sql("SELECT FROM servers WHERE id = $1 AND state = 'removing'", [id])).rowCount === 1,
  },
  {
    job: 'finish departures',
    begin: () => devicesOf((ids) => sql("UPDATE devices SET state = 'deleted' WHERE id = ANY($1)", [ids])),
    waits: async (id) =>
      (await sql('SELECT FROM devices WHERE id = $1 AND removed_at IS NULL', [id])).rowCount === 1,
  },
  {
    job: 'end what is due',
    begin: () =>
      devicesOf((ids) =>
        sql("UPDATE devices SET expires_at = now() - interval '1 second' WHERE id = ANY($1)", [ids]),
      ),
    waits: async (id) =>
      (await sql("SELECT FROM devices WHERE id = $1 AND state = 'live'", [id])).rowCount === 1,
  },
  {
    job: 'review data limits',
    begin: () =>
      devicesOf((ids) => sql("UPDATE devices SET holds = 8, state = 'suspended' WHERE id = ANY($1)", [ids])),
    waits: async (id) =>
      (await sql("SELECT FROM devices WHERE id = $1 AND state = 'suspended'", [id])).rowCount === 1,
  },
  {
    job: 'evacuate',
    begin: () =>
      devicesOf((_ids, serverId) =>
        api.app.inject({
          method: 'POST',
          url: `/api/v1/admin/servers/${serverId}/evacuate`,
          headers: { authorization: `Bearer ${api.adminKey}` },
          payload: { region: 'there' },
        }),
      ),
    waits: async (id) =>
      (
        await sql(
          "SELECT FROM devices d JOIN servers s ON s.id = d.server_id WHERE d.id = $1 AND s.region = 'here'",
          [id],
        )
      ).rowCount === 1,
  },
];

describe.concurrent('the others are processed; the failing one is shown, and processed when possible', () => {
  test.each(CASES)('$job', { timeout: 240_000 }, async ({ job, begin, waits }) => {
    const { bad, good, start } = await begin();
    await poison(bad);
    await start();
    await eventually(async () => {
      for (const id of good) expect(await waits(id)).toBe(false);
    });
    for (const id of bad) expect(await waits(id)).toBe(true);
    await eventually(async () => {
      const { failing, failingCount, error } = await jobOf(job);
      expect(error).toBeNull();
      expect(failingCount).toBeGreaterThanOrEqual(bad.length);
      expect(failing).toContainEqual(
        expect.objectContaining({ item: bad[0], error: 'this row is poisoned' }),
      );
    });
    await eventually(async () => {
      const { findings } = await get<{ findings: object[] }>('/api/v1/admin/doctor');
      expect(findings).toContainEqual(
        expect.objectContaining({
          breach: 'failing_work',
          subject: bad[0],
          detail: expect.stringContaining(job) as string,
        }),
      );
    });
    const { checks } = await get<{ checks: object[] }>('/readyz');
    expect(checks).toContainEqual(expect.objectContaining({ name: 'periodic-work', status: 'degraded' }));

    await sql('DELETE FROM poisoned WHERE id = ANY($1)', [bad]);
    await eventually(async () => {
      for (const id of bad) expect(await waits(id)).toBe(false);
      expect((await jobOf(job)).failingCount).toBe(0);
    });
  });
});

test('an acknowledgement that cannot be recorded blocks no other', { timeout: 120_000 }, async () => {
  const owner = await aUser(alice);
  const server = await aServer(database, { region: 'noted', cidr: '10.32.0.0/24' });
  const device = aDevice(owner, { serverId: server.id });
  const bad = device.id;
  await sql(`
    CREATE FUNCTION not_noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'this row is poisoned'; END $$`);
  await sql(
    `CREATE TRIGGER not_noted BEFORE UPDATE OF applied_generation ON devices FOR EACH ROW WHEN (OLD.id = '${bad}') EXECUTE FUNCTION not_noted()`,
  );
  const store = createDeviceStore(database.as('cvault_api'), 0);
  const ids = [bad];
  await store.register(device);
  for (let n = 0; n < 5; n++) ids.push((await register(owner, server.id)).id);
  const noted = async () =>
    (await sql('SELECT FROM devices WHERE id = ANY($1) AND applied_generation = generation', [ids])).rowCount;
  await eventually(async () => expect(await noted()).toBe(5));
  expect(api.cvault.fleet.stateOf(server.id)).toMatchObject({ state: 'ready' });
  expect(api.logs()).toContain(`note that device ${bad} was acknowledged`);
  // A link that starts again compares everything, and must survive the failing row.
  const other = await createWholeApi(database);
  try {
    await eventually(async () => {
      expect(other.cvault.fleet.stateOf(server.id)).toMatchObject({ state: 'ready' });
    });
  } finally {
    await other.close();
  }
  await sql('DROP TRIGGER not_noted ON devices');
  await eventually(async () => expect(await noted()).toBe(6));
});

test(
  'a changed plan reaches the devices of all other users despite one failure',
  { timeout: 60_000 },
  async () => {
    const bob = await aTenantWithUser(database);
    const { id: serverId } = await aServer(database, { region: 'plans', cidr: '10.31.0.0/24' });
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await register(await aUser(bob), serverId)).id);
    await poison(ids.slice(0, 1));
    await sql('INSERT INTO plan_changes (tenant_id) VALUES ($1)', [bob.tenantId]);
    const generations = async () =>
      (
        await sql<{ generation: number }>('SELECT generation FROM devices WHERE id = ANY($1) ORDER BY id', [
          ids,
        ])
      ).rows.map(({ generation }) => generation);
    await eventually(async () => expect(await generations()).toEqual([1, 2, 2]));
    await sql('DELETE FROM poisoned');
    await eventually(async () => expect(await generations()).toEqual([2, 2, 2]));
  },
);

test(
  'a VPN server whose SSH key cannot be opened stops neither a start nor the others',
  { timeout: 60_000 },
  async () => {
    const locked = newId();
    await sql(
      `INSERT INTO servers (id, name, region, transport, state, public_key, endpoint_host, endpoint_port, interface_name,
       ssh_host, ssh_port, ssh_user, ssh_host_keys, ssh_private_key)
     VALUES ($1, 'locked', 'locked', 'ssh', 'active', $2, '203.0.113.9', 51820, 'wg0',
       '203.0.113.9', 22, 'cvault', ARRAY['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPqDJs0cOOAxWEHPHhuTyODzXvZmxwaZMLBW7zLHMKMq'], '\\x0001')`,
      [locked, Buffer.alloc(32, 7)],
    );
    const other = await createWholeApi(database);
    try {
      const added = await aServer(database, { region: 'added', cidr: '10.30.0.0/24' });
      for (const each of [api, other]) {
        await eventually(async () => {
          expect(each.cvault.fleet.stateOf(locked)).toMatchObject({ state: 'away' });
          expect(each.cvault.fleet.stateOf(added.id)).toMatchObject({ state: 'ready' });
        });
      }
      expect(await get(`/api/v1/admin/servers/${locked}/health`)).toMatchObject({ link: 'away' });
      expect(api.logs()).toContain('cannot be decrypted');
    } finally {
      await other.close();
    }
  },
);
