/** Safe methods change nothing, and ids are case-insensitive. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../platform/db/database.ts';
import { bareApp } from '../testing/bare-app.ts';
import { nameOf, type Route } from './routes.ts';
import { pathOf, targetOf } from './targets.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** @param spell how ids are written */
const own = (route: Route, spell = (id: string) => id) =>
  pathOf(route, targetOf(route), (kind) => spell(world.acme.ids[kind] ?? randomUUID()));

test('HEAD on every GET route: the status of the GET, and no change', async () => {
  const before = await world.snapshot();
  let asked = 0;
  for (const route of world.routes) {
    if (route.method !== 'GET') continue;
    const path = own(route);
    const head = await world.api.app.inject({ method: 'HEAD', url: path, headers: world.rightful(route) });
    const get = await world.send('GET', path, world.rightful(route));
    expect(head.statusCode, nameOf(route)).toBe(get.statusCode);
    expect(head.body, nameOf(route)).toBe('');
    asked++;
  }
  expect(asked).toBeGreaterThan(40);
  expect(await world.snapshot()).toEqual(before);
});

test('HEAD of a configuration does not use up the private key in it', async () => {
  const { id } = (await world.send('POST', '/api/v1/devices', world.acme.user, { deviceName: 'once' })).json<{
    id: string;
  }>();
  // A tenant with one-time private keys, and a device whose key has not been shown.
  const tenant = `/api/v1/admin/tenants/${world.acme.ids['tenant']!}`;
  expect((await world.send('PATCH', tenant, world.admin, { privateKeysOnce: true })).statusCode).toBe(200);
  const url = `/api/v1/devices/${id}/config`;
  for (const query of ['', '?format=qr', '?format=qr&image=svg']) {
    const head = await world.api.app.inject({
      method: 'HEAD',
      url: url + query,
      headers: { ...world.acme.user },
    });
    expect(head.statusCode).toBe(200);
    expect(head.body).toBe('');
  }
  expect((await world.send('GET', url, world.acme.user)).body).toContain('PrivateKey');
  expect((await world.send('GET', url, world.acme.user)).statusCode).toBe(410);
  expect(
    (await world.api.app.inject({ method: 'HEAD', url, headers: { ...world.acme.user } })).statusCode,
  ).toBe(410);
  expect((await world.send('PATCH', tenant, world.admin, { privateKeysOnce: false })).statusCode).toBe(200);
});

test('a handler cannot write during a HEAD', async () => {
  const database = openDatabase(world.database.url, { role: null, connections: 1 });
  const OVERWRITE = 'UPDATE tenants SET name = name';
  const failures: unknown[] = [];
  const { app } = await bareApp((routes) => {
    const config = { access: 'tenant', scope: 'app', act: null, limit: 'read' } as const;
    routes.get('/forgetful', { schema: { hide: true }, config }, async () => {
      await database.pool.query(OVERWRITE).catch((error: unknown) => {
        failures.push(error);
        throw error;
      });
      return { ok: true };
    });
  });
  const ask = (method: 'GET' | 'HEAD') =>
    app.inject({ method, url: '/forgetful', headers: { 'x-api-key': 'key' } });
  expect((await ask('HEAD')).statusCode).toBe(500);
  expect(failures).toMatchObject([{ code: '25006' }]);
  // The handler works; only the method forbids writing.
  expect((await ask('GET')).statusCode).toBe(200);
  await app.close();
  await database.close();
});

test('ids in capitals are equal, in paths, queries and bodies', async () => {
  const upper = (id: string) => id.toUpperCase();
  for (const route of world.routes) {
    if (route.method !== 'GET' || !route.url.includes(':')) continue;
    const get = await world.send('GET', own(route), world.rightful(route));
    const shouted = await world.send('GET', own(route, upper), world.rightful(route));
    expect(shouted.statusCode, nameOf(route)).toBe(get.statusCode);
  }
  const { user, key, ids } = world.acme;
  const device = upper(ids['device']!);
  const rotated = await world.send('POST', `/api/v1/devices/${device}/rotate`, user, {});
  expect(rotated.statusCode, rotated.body).toBe(200);
  expect(rotated.json<{ id: string }>().id).toBe(ids['device']);
  const config = await world.send('GET', `/api/v1/devices/${device}/config`, user);
  expect(config.body).toContain('PrivateKey');
  const endpoint = `/api/v1/tenant/webhook-endpoints/${upper(ids['endpoint']!)}`;
  expect((await world.send('POST', `${endpoint}/rotate-secret`, key, {})).statusCode).toBeLessThan(300);
  const opened = await world.send('POST', '/api/v1/vpn/connect', user, { deviceId: device });
  expect(opened.statusCode, opened.body).toBeLessThan(300);
  const users = await world.send('GET', `/api/v1/tenant/devices?userId=${upper(ids['user']!)}`, key);
  expect(users.json<{ devices: unknown[] }>().devices.length).toBeGreaterThan(0);

  const once = { ...user, 'idempotency-key': randomUUID() };
  const first = await world.send('POST', `/api/v1/devices/${device}/rotate`, once, {});
  const again = await world.send('POST', `/api/v1/devices/${ids['device']!}/rotate`, once, {});
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect(again.body).toBe(first.body);
});
