import { createPlanService, newId } from '@cvault/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlanStore } from '../../postgres/plans/store.ts';
import { ADMIN_KEY, createTestApp, type TestApp } from '../../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aTenantWithUser } from '../../testing/fixtures.ts';
import { userLimitRoutes } from './user-limit-routes.ts';

let database: TestDatabase;
let api: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const plans = createPlanService({
    plans: createPlanStore(database.as('cvault_operator')),
    peers: { wake: () => undefined },
  });
  api = await createTestApp(database, {
    routes: (app) => void app.register(userLimitRoutes, { prefix: '/api/v1/admin', plans }),
  });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const admin = (method: 'GET' | 'PATCH', path: string, payload?: object) =>
  api.app.inject({
    method,
    url: `/api/v1/admin/tenants/${path}`,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(payload === undefined ? {} : { payload }),
  });

const NONE = {
  deviceLimit: null,
  sessionLimit: null,
  dataLimitBytes: null,
  uploadBitsPerSecond: null,
  downloadBitsPerSecond: null,
};

test('a user’s limits take the place of the tenant’s; the list shows what was set and what holds', async () => {
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

test('another tenant’s user, a tenant that is none, and a user that is none are not found', async () => {
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

test.each([
  { deviceLimit: -1 },
  { sessionLimit: 0 },
  { dataLimitBytes: 2 ** 53 },
  { uploadBitsPerSecond: 0 },
  { downloadBitsPerSecond: 1e18 },
  { speed: 1 },
])('%j is refused and changes nothing', async (limits) => {
  const { tenantId, userId } = await aTenantWithUser(database);
  const path = `${tenantId}/users/${userId}/limits`;
  expect((await admin('PATCH', path, { deviceLimit: 3, ...limits })).statusCode).toBe(400);
  expect((await admin('PATCH', path, {})).json()).toMatchObject({ limits: NONE });
});
