import { newId } from '../platform/ids.ts';
import { createUserDirectory } from '../users/service.ts';
import type { SomeUserLimits } from './ports.ts';
import { createUserLimits } from './service.ts';
import { describe, expect } from 'vitest';
import { createDeviceStore } from '../devices/store.ts';
import { createUserDirectoryStore } from '../users/store.ts';
import { createPlanStore } from './store.ts';
import { ADMIN_KEY } from '../testing/app.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { userLimitRoutes } from './routes.ts';
import { test as base } from '../testing/test-with-app.ts';

const NONE = {
  deviceLimit: null,
  sessionLimit: null,
  dataLimitBytes: null,
  uploadBitsPerSecond: null,
  downloadBitsPerSecond: null,
};

const test = base
  .extend('plans', { scope: 'file' }, ({ database }) =>
    createUserLimits({
      plans: createPlanStore(database.as('cvault_operator')),
    }),
  )
  .extend('options', { scope: 'file' }, ({ plans }) => ({
    routes: (app) => void app.register(userLimitRoutes, { prefix: '/api/v1/admin', plans }),
  }))
  .extend(
    'admin',
    ({ api }) =>
      (method: 'GET' | 'PATCH', path: string, payload?: object) =>
        api.app.inject({
          method,
          url: `/api/v1/admin/tenants/${path}`,
          headers: { authorization: `Bearer ${ADMIN_KEY}` },
          ...(payload === undefined ? {} : { payload }),
        }),
  )
  /** A tenant's backend that may set limits, and one of its users. */
  .extend('aBackend', ({ database, admin }) => async (plan: object) => {
    const { tenantId, userId } = await aTenantWithUser(database);
    await admin('PATCH', tenantId, plan);
    const store = createUserDirectoryStore(database.as('cvault_api'));
    const users = createUserDirectory({ users: store, peers: { wake: () => undefined } });
    const scope = { tenantId, mode: 'live' } as const;
    return {
      tenantId,
      userId,
      give: async (limits: SomeUserLimits) => users.update(scope, userId, { limits }),
      holds: async () => (await users.get(scope, userId)).effective,
      operator: (limits: object) => admin('PATCH', `${tenantId}/users/${userId}/limits`, limits),
    };
  });

test('a user’s limits replace the tenant’s; the list shows set and effective limits', async ({
  database,
  admin,
}) => {
  const { tenantId, userId } = await aTenantWithUser(database);
  await admin('PATCH', tenantId, { userDeviceLimit: 5, uploadBitsPerSecond: 1_000_000 });
  const changed = await admin('PATCH', `${tenantId}/users/${userId}/limits`, {
    deviceLimit: 2,
    downloadBitsPerSecond: 2_000_000,
  });
  const limits = { ...NONE, deviceLimit: 2, downloadBitsPerSecond: 2_000_000 };
  const user = {
    id: userId,
    email: `${userId}@example.com`,
    createdAt: expect.any(String) as string,
    deviceCount: 0,
    limits,
    effective: { ...limits, uploadBitsPerSecond: 1_000_000 },
  };
  expect(changed.json()).toEqual(user);
  expect((await admin('GET', `${tenantId}/users`)).json()).toEqual({ users: [user], nextCursor: null });
  const back = await admin('PATCH', `${tenantId}/users/${userId}/limits`, { deviceLimit: null });
  expect(back.json()).toMatchObject({ limits: { deviceLimit: null }, effective: { deviceLimit: 5 } });
});

describe('the lowest limit of tenant, plan and operator applies', () => {
  const ALL = {
    userDeviceLimit: 10,
    userSessionLimit: 10,
    userDataLimitBytes: 10_000,
    uploadBitsPerSecond: 100_000,
    downloadBitsPerSecond: 100_000,
  };
  const GIVEN = {
    deviceLimit: 8,
    sessionLimit: 8,
    dataLimitBytes: 8_000,
    uploadBitsPerSecond: 80_000,
    downloadBitsPerSecond: 80_000,
  };
  const LOWERED = {
    userDeviceLimit: 3,
    userSessionLimit: 3,
    userDataLimitBytes: 3_000,
    uploadBitsPerSecond: 30_000,
    downloadBitsPerSecond: 30_000,
  };
  const HOLDS = {
    deviceLimit: 3,
    sessionLimit: 3,
    dataLimitBytes: 3_000,
    uploadBitsPerSecond: 30_000,
    downloadBitsPerSecond: 30_000,
  };

  test('a lowered plan binds users with higher limits from the tenant', async ({ admin, aBackend }) => {
    const { tenantId, userId, give, holds } = await aBackend(ALL);
    expect(await give(GIVEN)).toMatchObject({ limits: GIVEN, effective: GIVEN });
    await admin('PATCH', tenantId, LOWERED);
    expect(await holds()).toEqual(HOLDS);
    expect((await admin('GET', `${tenantId}/users`)).json()).toMatchObject({
      users: [{ id: userId, limits: GIVEN, effective: HOLDS }],
    });
    await admin('PATCH', tenantId, ALL);
    expect(await holds()).toEqual(GIVEN);
  });

  test('a later plan binds limits that the tenant set without one', async ({ admin, aBackend }) => {
    const { tenantId, give, holds } = await aBackend({});
    await give(GIVEN);
    await admin('PATCH', tenantId, LOWERED);
    expect(await holds()).toEqual(HOLDS);
  });

  test('the operator’s limit replaces the plan, even above it, and the tenant divides it', async ({
    admin,
    aBackend,
  }) => {
    const { tenantId, give, holds, operator } = await aBackend(ALL);
    await give({ deviceLimit: 2 });
    expect((await operator({ deviceLimit: 20 })).json()).toMatchObject({ effective: { deviceLimit: 20 } });
    await admin('PATCH', tenantId, LOWERED);
    expect(await holds()).toMatchObject({ deviceLimit: 20 });
    expect(await give({ deviceLimit: 15 })).toMatchObject({ effective: { deviceLimit: 15 } });
    expect(await give({ deviceLimit: null })).toMatchObject({ effective: { deviceLimit: 20 } });
    await expect(give({ deviceLimit: 21 })).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    await operator({ deviceLimit: 1 });
    await expect(give({ deviceLimit: 2 })).rejects.toThrow(
      expect.objectContaining({
        faults: [{ pointer: '/limits/deviceLimit', message: 'must be at most 1, as your plan says' }],
      }),
    );
    expect((await operator({ deviceLimit: null })).json()).toMatchObject({ effective: { deviceLimit: 3 } });
  });

  test('and the database enforces it: the next device above it is refused', async ({
    database,
    admin,
    aBackend,
  }) => {
    const { tenantId, userId, give } = await aBackend(ALL);
    await give({ deviceLimit: 8 });
    await admin('PATCH', tenantId, { userDeviceLimit: 1 });
    const server = await aServer(database);
    const devices = createDeviceStore(database.as('cvault_api'), 0);
    const register = () => devices.register(aDevice({ tenantId, userId }, { serverId: server.id }));
    await register();
    await expect(register()).rejects.toThrow(expect.objectContaining({ code: 'user_device_limit_reached' }));
  });
});

test('another tenant’s user, an unknown tenant and an unknown user are not found', async ({
  database,
  admin,
}) => {
  const [mine, theirs] = [await aTenantWithUser(database), await aTenantWithUser(database)];
  for (const path of [
    `${mine.tenantId}/users/${theirs.userId}/limits`,
    `${newId()}/users/${mine.userId}/limits`,
    `${mine.tenantId}/users/${newId()}/limits`,
  ]) {
    expect((await admin('PATCH', path, { deviceLimit: 1 })).statusCode).toBe(404);
  }
  expect((await admin('GET', `${newId()}/users`)).statusCode).toBe(404);
});

test.for([
  { deviceLimit: -1 },
  { sessionLimit: 0 },
  { dataLimitBytes: 2 ** 53 },
  { uploadBitsPerSecond: 0 },
  { downloadBitsPerSecond: 1e18 },
  { speed: 1 },
])('%j is refused and changes nothing', async (limits, { database, admin }) => {
  const { tenantId, userId } = await aTenantWithUser(database);
  const path = `${tenantId}/users/${userId}/limits`;
  expect((await admin('PATCH', path, { deviceLimit: 3, ...limits })).statusCode).toBe(400);
  expect((await admin('PATCH', path, {})).json()).toMatchObject({ limits: NONE });
});
