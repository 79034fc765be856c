/** The reach of a test key: users, devices and VPN servers of its own kind, and nothing that is live. */
import { expect } from 'vitest';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

const credentials = { email: 'someone@example.com', password: 'correct horse battery staple' };

interface Device {
  id: string;
  status: string;
  server: { id: string; region: string };
}

const test = base
  .extend('live', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend(
    'send',
    { scope: 'file' },
    ({ api }) =>
      (method: 'GET' | 'POST' | 'DELETE', path: string, headers: Record<string, string>, payload?: object) =>
        api.app.inject({
          method,
          url: `/api/v1${path}`,
          headers,
          ...(payload === undefined ? {} : { payload }),
        }),
  )
  .extend('testKey', { scope: 'file' }, async ({ api, live, send }) => {
    const path = `/admin/tenants/${live.tenantId}/api-keys`;
    const admin = { authorization: `Bearer ${api.adminKey}` };
    return (await send('POST', path, admin, { name: 'test', mode: 'test' })).json<{ key: string }>().key;
  })
  .extend('tester', { scope: 'file' }, async ({ testKey, send }) => {
    // The same person may be a user of both kinds.
    const signedUp = await send('POST', '/auth/register', { 'x-api-key': testKey }, credentials);
    expect(signedUp.statusCode, signedUp.body).toBe(201);
    const { accessToken } = signedUp.json<{ accessToken: string }>();
    return { 'x-api-key': testKey, authorization: `Bearer ${accessToken}` };
  });

test('its devices are active on the simulated VPN server, and live ones never are', async ({
  live,
  tester,
  send,
}) => {
  const [simulated, real] = [
    await send('POST', '/devices', tester, { deviceName: 'test phone' }),
    await send('POST', '/devices', { ...live.headers }, { deviceName: 'phone' }),
  ];
  expect(simulated.statusCode, simulated.body).toBe(201);
  expect(simulated.json<Device>()).toMatchObject({ status: 'active', server: { region: 'test' } });
  expect(real.json<Device>()).toMatchObject({ status: 'active', server: { region: 'us-east' } });
  for (const [headers, serverId, region] of [
    [tester, real.json<Device>().server.id, 'us-east'],
    [{ ...live.headers }, simulated.json<Device>().server.id, 'test'],
  ] as const) {
    for (const [wish, code] of [
      [{ serverId }, 'unknown_server'],
      [{ region }, 'unknown_region'],
    ] as const) {
      const refused = await send('POST', '/devices', headers, { deviceName: 'x', ...wish });
      expect(refused.json()).toMatchObject({ status: 400, code });
    }
    const listed = (await send('GET', '/locations', headers)).json<{ regions: { id: string }[] }>();
    expect(listed.regions.map(({ id }) => id)).not.toContain(region);
    const own = (await send('GET', '/devices', headers)).json<{ devices: Device[] }>().devices;
    expect(own.map((device) => device.server.region)).not.toContain(region);
    for (const { id } of own) {
      const moved = await send('POST', `/devices/${id}/move`, headers, { serverId });
      expect(moved.json()).toMatchObject({ status: 400, code: 'unknown_server' });
    }
  }
});

test('tokens of the one kind open nothing with a key of the other, and are not used up by it', async ({
  live,
  testKey,
  tester,
  send,
}) => {
  const mixed = { 'x-api-key': testKey, authorization: live.headers['authorization']! };
  expect((await send('GET', '/devices', mixed)).statusCode).toBe(401);
  expect((await send('GET', '/me', { ...tester, 'x-api-key': live.headers['x-api-key']! })).statusCode).toBe(
    401,
  );
  const signedIn = await send('POST', '/auth/login', { 'x-api-key': testKey }, credentials);
  const { refreshToken } = signedIn.json<{ refreshToken: string }>();
  const liveKey = { 'x-api-key': live.headers['x-api-key']! };
  expect((await send('POST', '/auth/refresh', liveKey, { refreshToken })).statusCode).toBe(401);
  expect((await send('POST', '/auth/refresh', { 'x-api-key': testKey }, { refreshToken })).statusCode).toBe(
    200,
  );
});

test('the database has no place for a test device on a real VPN server, nor for a real VPN server of mode test', async ({
  database,
}) => {
  const run = (sql: string) => database.pool.query(sql);
  const real = "(SELECT id FROM servers WHERE mode = 'live' LIMIT 1)";
  await expect(run(`UPDATE devices SET server_id = ${real} WHERE mode = 'test'`)).rejects.toMatchObject({
    constraint: 'devices_server_id_fkey',
  });
  await expect(
    run(`UPDATE devices SET server_id = ${real}, mode = 'live' WHERE mode = 'test'`),
  ).rejects.toMatchObject({ constraint: 'devices_tenant_id_user_id_fkey' });
  await expect(run("UPDATE servers SET transport = 'local' WHERE mode = 'test'")).rejects.toMatchObject({
    constraint: 'servers_test_is_simulated',
  });
  await expect(run("UPDATE servers SET mode = 'live' WHERE mode = 'test'")).rejects.toThrow();
});

test('there is one simulated VPN server, however many ask for it at once', async ({
  database,
  live,
  send,
}) => {
  await Promise.all(
    Array.from({ length: 10 }, () =>
      send('POST', '/tenant/api-keys', { ...live.headers }, { name: 'x', mode: 'test', scopes: ['app'] }),
    ),
  );
  const { rows } = await database.pool.query("SELECT state FROM servers WHERE mode = 'test'");
  expect(rows).toEqual([{ state: 'active' }]);
});

test('usage of the one kind is not in a report for the other', async ({ database, live, testKey, send }) => {
  await database.pool.query(
    `INSERT INTO usage_metrics (tenant_id, user_id, device_id, server_id, span, starts_at, upload_bytes, download_bytes)
     SELECT tenant_id, user_id, id, server_id, 'hour', date_trunc('hour', now()), 0, CASE mode WHEN 'test' THEN 7 ELSE 500 END
     FROM devices WHERE tenant_id = $1`,
    [live.tenantId],
  );
  const { rows } = await database.pool.query<{ mode: string; bytes: number }>(
    `SELECT d.mode, sum(m.download_bytes)::int AS bytes FROM usage_metrics m JOIN devices d ON d.id = m.device_id
     WHERE m.tenant_id = $1 GROUP BY d.mode`,
    [live.tenantId],
  );
  const written = Object.fromEntries(rows.map(({ mode, bytes }) => [mode, bytes]));
  const of = async (key: string) =>
    (await send('GET', '/tenant/usage', { 'x-api-key': key })).json<{ downloadBytes: number }>()
      .downloadBytes;
  expect({ live: await of(live.headers['x-api-key']!), test: await of(testKey) }).toEqual(written);
});
