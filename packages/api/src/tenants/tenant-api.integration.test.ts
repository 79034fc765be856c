/** A tenant's backend with its API key: its users and devices, and what suspending and resuming change. */
import type { DeviceStatus } from '../devices/device.ts';
import { HOLDS } from '../devices/hold.ts';
import { describe, expect } from 'vitest';
import { putHold } from '../devices/hold-sql.ts';
import { untilAtRest } from '../testing/at-rest.ts';
import { type SignedInUser, signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

interface User {
  id: string;
  email: string;
  state: string;
}
interface Device {
  id: string;
  userId: string;
  status: DeviceStatus;
  reason: string | null;
  desiredGeneration: number;
}

async function createUser(tenant: SignedInUser, body: object): Promise<User> {
  const answer = await tenant.call('POST', '/tenant/users', body);
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json();
}
const me = async (tenant: SignedInUser) => (await tenant.call('GET', '/me')).json<User>();
async function register(tenant: SignedInUser, deviceName: string): Promise<string> {
  const answer = await tenant.call('POST', '/devices', { deviceName });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json<Device>().id;
}
const listed = async (tenant: SignedInUser, path: string) =>
  (await tenant.call('GET', `/tenant${path}`)).json<{
    users: User[];
    devices: Device[];
    nextCursor: string | null;
  }>();

const test = base
  .extend('acme', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend('globex', { scope: 'file' }, ({ api }) => signUp(api, 'Globex'))
  /** As the operator does it. */
  .extend('limitUpload', ({ api, acme }) => async (uploadBitsPerSecond: number): Promise<void> => {
    const answer = await api.app.inject({
      method: 'PATCH',
      url: `/api/v1/admin/tenants/${acme.tenantId}`,
      headers: { authorization: `Bearer ${api.adminKey}` },
      payload: { uploadBitsPerSecond },
    });
    expect(answer.statusCode, answer.body).toBe(200);
  });

describe('users', () => {
  test('are created without a password, found by what the tenant calls them, and changed', async ({
    acme,
    globex,
  }) => {
    const user = await createUser(acme, {
      email: 'Jane@Example.com',
      externalId: 'crm-1',
      metadata: { plan: 'gold' },
    });
    expect(user).toMatchObject({ email: 'jane@example.com', state: 'active', externalId: 'crm-1' });
    for (const filter of ['email=JANE@example.com', 'externalId=crm-1'])
      expect(
        (await listed(acme, `/users?${filter}`)).users.map(({ id }) => id),
        filter,
      ).toEqual([user.id]);
    const taken = await acme.call('POST', '/tenant/users', { email: 'x@example.com', externalId: 'crm-1' });
    expect(taken.json()).toMatchObject({ status: 409, code: 'external_id_taken' });
    const changed = await acme.call('PATCH', `/tenant/users/${user.id}`, {
      externalId: null,
      metadata: {},
      limits: { deviceLimit: 2 },
    });
    expect(changed.json()).toMatchObject({ externalId: null, metadata: {}, limits: { deviceLimit: 2 } });
    // The name is free again, and never conflicted with another tenant's names.
    await createUser(acme, { email: 'next@example.com', externalId: 'crm-1' });
    await createUser(globex, { email: 'jane@example.com', externalId: 'crm-1' });
  });

  test('a change is made whole or not at all', async ({ acme }) => {
    await createUser(acme, { email: 'first@example.com', externalId: 'whole-1' });
    const user = await createUser(acme, { email: 'second@example.com', metadata: { plan: 'gold' } });
    const path = `/tenant/users/${user.id}`;
    const before = (await acme.call('GET', path)).body;
    const refused = await acme.call('PATCH', path, {
      limits: { deviceLimit: 1, dataLimitBytes: 1_000 },
      metadata: {},
      externalId: 'whole-1',
    });
    expect(refused.json()).toMatchObject({ status: 409, code: 'external_id_taken' });
    expect((await acme.call('GET', path)).body).toBe(before);
  });

  test('pages hold each once', async ({ globex }) => {
    for (let index = 0; index < 5; index++) await createUser(globex, { email: `page${index}@example.com` });
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; page < 20 && cursor !== null; page++) {
      const next = await listed(globex, `/users?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...next.users.map(({ id }) => id));
      cursor = next.nextCursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBe((await listed(globex, '/users?limit=100')).users.length);
  });

  test.for([
    { metadata: { __proto__x: 'a\nb' } },
    { metadata: { 'a b': 'x' } },
    { metadata: { a: 1 } },
    { metadata: { a: { b: 'c' } } },
    { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'x'])) },
    { metadata: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`k${n}`, 'x'.repeat(1_000)])) },
    { externalId: '' },
    { externalId: 'a b' },
    { externalId: 'x'.repeat(256) },
    { limits: { uploadBitsPerSecond: 2_000_000 } },
    { state: 'active' },
    {},
  ])('what cannot be kept is refused: %j', async (change, { acme, limitUpload }) => {
    await limitUpload(1_000_000);
    const { id } = await me(acme);
    const before = (await acme.call('GET', `/tenant/users/${id}`)).body;
    expect((await acme.call('PATCH', `/tenant/users/${id}`, change)).statusCode).toBe(400);
    expect((await acme.call('GET', `/tenant/users/${id}`)).body).toBe(before);
  });
});

describe('suspending', () => {
  /** Devices as the backend sees them, without their times. */
  const devicesOf = async (tenant: SignedInUser, userId: string) =>
    (await listed(tenant, `/devices?userId=${userId}&limit=100`)).devices.map(({ id, status, reason }) => ({
      id,
      status,
      reason,
    }));

  test('a user takes token and tunnels; resuming gives back exactly the set that there was, whatever held it', async ({
    database,
    api,
    acme,
  }) => {
    const { id: userId } = await me(acme);
    // One device for each set of other holds, and one without.
    const sets = [0, HOLDS.server, HOLDS.expired, HOLDS.device, HOLDS.server | HOLDS.device];
    for (const bits of sets) {
      const id = await register(acme, `holds ${bits}`);
      if (bits === 0) continue;
      await database.pool.query(
        'UPDATE devices SET expires_at = now() - make_interval(secs => 1) WHERE id = $1 AND $2',
        [id, bits === HOLDS.expired],
      );
      const { rows } = await database.pool.query<{ server_id: string }>(putHold('id = $1'), [id, bits]);
      api.cvault.fleet.wake(rows.map((row) => row.server_id));
    }
    await untilAtRest(database);
    const before = await devicesOf(acme, userId);
    expect(before.map(({ status }) => status)).toEqual(
      sets.map((bits) => (bits === 0 ? 'active' : 'suspended')),
    );

    expect((await acme.call('POST', `/tenant/users/${userId}/suspend`)).json()).toMatchObject({
      state: 'suspended',
    });
    expect((await acme.call('GET', '/devices')).json()).toMatchObject({
      status: 403,
      code: 'user_suspended',
    });
    const during = await devicesOf(acme, userId);
    expect(during.map(({ status }) => status)).toEqual(Array<string>(before.length).fill('suspended'));
    for (const { reason } of during) expect(reason).toContain('user');
    // A second suspension, and another device suspended meanwhile, change nothing that resuming would keep or lose.
    await acme.call('POST', `/tenant/users/${userId}/suspend`);
    await acme.call('POST', `/tenant/devices/${before[0]!.id}/suspend`);
    await acme.call('POST', `/tenant/devices/${before[0]!.id}/resume`);

    expect((await acme.call('POST', `/tenant/users/${userId}/resume`)).json()).toMatchObject({
      state: 'active',
    });
    await expect.poll(() => devicesOf(acme, userId)).toEqual(before);
    expect((await acme.call('GET', '/devices')).statusCode).toBe(200);
  });

  test('a tenant does the same, and leaves another tenant alone', async ({
    database,
    api,
    acme,
    globex,
    limitUpload,
  }) => {
    const { id: userId } = await me(acme);
    const other = await register(globex, 'untouched');
    // A limit reaches devices up to a second later, and such a device is pending for a moment.
    await limitUpload(900_000);
    await untilAtRest(database);
    const before = await devicesOf(acme, userId);
    const admin = (action: string) =>
      api.app.inject({
        method: 'POST',
        url: `/api/v1/admin/tenants/${acme.tenantId}/${action}`,
        headers: { authorization: `Bearer ${api.adminKey}` },
      });
    await admin('suspend');
    for (const path of ['/devices', '/tenant/users'])
      expect((await acme.call('GET', path)).statusCode).toBe(403);
    expect((await globex.call('GET', `/devices/${other}`)).json()).toMatchObject({ status: 'active' });
    await admin('resume');
    await expect.poll(() => devicesOf(acme, userId)).toEqual(before);
  });

  test('a registration that is under way when the user is suspended leaves no live device', async ({
    database,
    globex,
  }) => {
    const { id: userId } = await me(globex);
    await Promise.all([
      ...Array.from({ length: 10 }, (_, n) => globex.call('POST', '/devices', { deviceName: `race ${n}` })),
      globex.call('POST', `/tenant/users/${userId}/suspend`),
    ]);
    const { rows } = await database.pool.query(
      "SELECT FROM devices WHERE tenant_id = $1 AND user_id = $2 AND state = 'live'",
      [globex.tenantId, userId],
    );
    expect(rows).toHaveLength(0);
    await globex.call('POST', `/tenant/users/${userId}/resume`);
  });
});

describe('devices', () => {
  test('are listed by user, state, place and name, and hold what the tenant keeps with them', async ({
    acme,
    globex,
  }) => {
    const { id: userId } = await me(globex);
    const id = await register(globex, 'named');
    const kept = await globex.call('PATCH', `/tenant/devices/${id}`, {
      externalId: 'd-1',
      metadata: { a: 'b' },
    });
    expect(kept.json()).toMatchObject({ id, userId, externalId: 'd-1', metadata: { a: 'b' } });
    expect(kept.body).not.toContain('PrivateKey');
    const found = async (filter: string) =>
      (await listed(globex, `/devices?${filter}`)).devices.map((device) => device.id);
    expect(await found('externalId=d-1')).toEqual([id]);
    expect(await found('region=us-east&status=active&limit=100')).toContain(id);
    expect(await found('status=failed')).toEqual([]);
    expect(await found(`userId=${(await me(acme)).id}`)).toEqual([]);
    expect((await globex.call('DELETE', `/tenant/devices/${id}`)).statusCode).toBe(204);
    expect(await found('externalId=d-1')).toEqual([]);
    // A deleted device frees its name.
    const next = await register(globex, 'next');
    expect((await globex.call('PATCH', `/tenant/devices/${next}`, { externalId: 'd-1' })).statusCode).toBe(
      200,
    );
  });
});

describe('settings', () => {
  test('the tenant sets its own, and nothing that it pays for', async ({ globex }) => {
    const changes = {
      dns: ['9.9.9.9'],
      searchDomains: ['corp.example'],
      mtu: 1280,
      persistentKeepalive: 0,
      keyLifetimeDays: 30,
    };
    const set = await globex.call('PATCH', '/tenant/settings', changes);
    expect(set.json()).toMatchObject(changes);
    for (const paid of [
      'deviceLimit',
      'sessionLimit',
      'dataLimitBytes',
      'uploadBitsPerSecond',
      'authRateLimit',
      'name',
    ]) {
      const refused = await globex.call('PATCH', '/tenant/settings', { [paid]: 1 });
      expect(refused.statusCode, paid).toBe(400);
    }
  });

  test('the tenant decides whether IPv6 may pass by a tunnel to a VPN server that has none', async ({
    globex,
  }) => {
    const id = await register(globex, 'no IPv6 here');
    const allowedIps = async () =>
      /^AllowedIPs = (.*)$/m.exec((await globex.call('GET', `/devices/${id}/config`)).body)?.[1];
    expect(await allowedIps()).toBe('0.0.0.0/0, ::/0');
    const set = await globex.call('PATCH', '/tenant/settings', { routeIpv6: false });
    expect(set.json()).toMatchObject({ routeIpv6: false });
    expect(await allowedIps()).toBe('0.0.0.0/0');
  });
});

test('deleting a user ends everything of theirs, gives the quota back, and leaves no row', async ({
  database,
  api,
}) => {
  const initech = await signUp(api, 'Initech');
  const { id } = await me(initech);
  await register(initech, 'one');
  await register(initech, 'two');
  expect((await initech.call('DELETE', `/tenant/users/${id}`)).statusCode).toBe(202);
  expect((await initech.call('GET', '/devices')).statusCode).toBe(401);
  await expect.poll(async () => (await initech.call('GET', `/tenant/users/${id}`)).statusCode).toBe(404);
  const { rows } = await database.pool.query(
    `SELECT device_count, (SELECT count(*) FROM devices WHERE tenant_id = $1) AS devices,
       (SELECT count(*) FROM sign_ins WHERE tenant_id = $1) AS sign_ins
     FROM tenants WHERE id = $1`,
    [initech.tenantId],
  );
  expect(rows).toEqual([{ device_count: 0, devices: 0, sign_ins: 0 }]);
});
