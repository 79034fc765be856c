import type { Device } from '../devices/device.ts';
import type { DeviceStore } from '../devices/ports.ts';
import { systemClock } from '../platform/clock.ts';
import { createSessionService } from '../sessions/service.ts';
import type { SessionStore } from '../sessions/session.ts';
import type { MeterStore } from './ports.ts';
import { createUsageService } from './service.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeviceStore } from '../devices/store.ts';
import type { DatabaseRole } from '../platform/db/roles.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createSessionStore } from '../sessions/store.ts';
import { createMeterStore } from './meter-store.ts';
import { createUsageStore } from './store.ts';
import { ADMIN_KEY, aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer } from '../testing/fixtures.ts';
import { sessionRoutes, tenantSessionRoutes } from '../sessions/routes.ts';
import { adminUsageRoutes, usageRoutes } from './routes.ts';

interface Caller {
  readonly tenantId: string;
  readonly userId: string;
  readonly get: (path: string, headers?: Record<string, string>) => ReturnType<typeof admin>;
}

let database: TestDatabase;
let api: TestApp;
let devices: DeviceStore;
let sessions: SessionStore;
let meters: MeterStore;
let serverId: string;
let alice: Caller;
let bob: Caller;
let phone: Device;
const epoch = anEpoch();
let pass = 0;

const admin = (path: string, headers: Record<string, string> = {}) =>
  api.app.inject({
    url: `/api/v1/admin${path}`,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
  });

async function aCaller(): Promise<Caller> {
  const { tenantId, apiKey } = await aTenantWithKey(database);
  const signedUp = await api.app.inject({
    method: 'POST',
    url: '/api/v1/auth/register',
    headers: { 'x-api-key': apiKey },
    payload: { email: 'user@example.com', password: 'a long enough passphrase' },
  });
  const { user, accessToken } = signedUp.json<{ user: { id: string }; accessToken: string }>();
  return {
    tenantId,
    userId: user.id,
    get: (path, headers = {}) =>
      api.app.inject({
        url: `/api/v1${path}`,
        headers: { 'x-api-key': apiKey, authorization: `Bearer ${accessToken}`, ...headers },
      }),
  };
}

const HOSTILE = '=HYPERLINK("http://evil.test","x")';
const register = (owner: Caller, name = 'phone') =>
  devices.register(aDevice({ tenantId: owner.tenantId, userId: owner.userId }, { name }));

async function moves(device: Device, up: number, down: number): Promise<void> {
  const sample = { epoch, life: 'a'.repeat(32), pass: ++pass };
  await meters.claimDue([serverId], 30);
  await meters.beginPass(serverId, sample);
  await meters.store(serverId, sample, [
    { deviceId: device.id, receivedBytes: up, sentBytes: down, handshake: 'live', gone: false },
  ]);
}

beforeAll(async () => {
  database = await createTestDatabase(10);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  sessions = createSessionStore(database.as('cvault_api'));
  meters = createMeterStore(database.as('cvault_metering'));
  const services = (role: DatabaseRole) => ({
    sessions: createSessionService({ devices, sessions: createSessionStore(database.as(role)) }),
    usage: createUsageService({
      usage: createUsageStore(database.as(role)),
      clock: systemClock,
      hourlyDays: 7,
    }),
  });
  api = await createTestApp(database, {
    routes: (app) => {
      void app.register(sessionRoutes, { prefix: '/api/v1', ...services('cvault_api') });
      void app.register(usageRoutes, { prefix: '/api/v1', ...services('cvault_api') });
      void app.register(tenantSessionRoutes, { prefix: '/api/v1/admin', ...services('cvault_operator') });
      void app.register(adminUsageRoutes, { prefix: '/api/v1/admin', ...services('cvault_operator') });
    },
  });
  serverId = (await aServer(database)).id;
  await createPeerStore(database.as('cvault_links'), 0).adoptEpoch(serverId, epoch);
  alice = await aCaller();
  bob = await aCaller();
  phone = await register(alice);
  await moves(phone, 100, 1_000);
  await moves(await register(alice, HOSTILE), 7, 70);
  await moves(await register(bob), 1_000_000, 1_000_000);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

describe('usage', () => {
  test('of a user: their own devices, by day and by hour', async () => {
    for (const [granularity, points] of [
      ['day', 30],
      ['hour', 24],
    ] as const) {
      const answer = await alice.get(`/usage?granularity=${granularity}`);
      expect(answer.statusCode).toBe(200);
      const body = answer.json<{ series: { uploadBytes: number }[] }>();
      expect(body).toMatchObject({
        granularity,
        uploadBytes: 107,
        downloadBytes: 1_070,
        devices: [
          { deviceId: phone.id, deviceName: 'phone', uploadBytes: 100, downloadBytes: 1_000 },
          { deviceName: HOSTILE, uploadBytes: 7, downloadBytes: 70 },
        ],
      });
      expect(body.series).toHaveLength(points);
      expect(body.series.reduce((sum, point) => sum + point.uploadBytes, 0)).toBe(107);
    }
  });

  test('of a device, even a deleted one; another’s gives the same 404 as a random id', async () => {
    const gone = await register(alice);
    await moves(gone, 1, 2);
    await devices.delete(alice, gone.id);
    expect((await alice.get(`/devices/${gone.id}/usage`)).json()).toMatchObject({
      uploadBytes: 1,
      downloadBytes: 2,
    });
    await database.pool.query('DELETE FROM usage_metrics WHERE device_id = $1', [gone.id]);
    const random = await bob.get('/devices/00000000-0000-4000-8000-000000000000/usage');
    const foreign = await bob.get(`/devices/${phone.id}/usage`);
    expect([random.statusCode, foreign.statusCode]).toEqual([404, 404]);
    expect(foreign.json<{ detail: string }>().detail).toBe(random.json<{ detail: string }>().detail);
  });

  test('of a tenant and of a VPN server, for the operator', async () => {
    expect((await admin(`/tenants/${alice.tenantId}/usage`)).json()).toMatchObject({
      uploadBytes: 107,
      downloadBytes: 1_070,
    });
    expect((await admin(`/servers/${serverId}/usage`)).json()).toMatchObject({ uploadBytes: 1_000_107 });
    expect((await admin(`/tenants/${serverId}/usage`)).statusCode).toBe(404);
    expect((await admin(`/servers/${alice.tenantId}/usage`)).statusCode).toBe(404);
  });

  test('as CSV: the same numbers, by `format` or `Accept`, and no name that works as a formula', async () => {
    const byFormat = await alice.get('/usage?format=csv');
    const byAccept = await alice.get('/usage', { accept: 'text/csv, application/json;q=0.5' });
    expect(byFormat.headers['content-type']).toMatch(/^text\/csv/);
    expect(byFormat.headers['content-disposition']).toBe('attachment; filename="usage.csv"');
    expect(byAccept.body).toBe(byFormat.body);
    const lines = byFormat.body.trim().split('\r\n');
    expect(lines[0]).toBe('startsAt,deviceId,deviceName,uploadBytes,downloadBytes');
    expect(lines).toHaveLength(3);
    expect(lines.find((line) => line.includes('evil'))).toContain(`,"'=HYPERLINK(""http`);
    const sum = lines.slice(1).reduce((all, line) => all + Number(line.split(',').at(-1)), 0);
    expect(sum).toBe(1_070);
    const json = await alice.get('/usage?format=json', { accept: 'text/csv' });
    expect(json.headers['content-type']).toMatch(/^application\/json/);
    expect((await admin(`/servers/${serverId}/usage?format=csv`)).body).toMatch(
      /^startsAt,uploadBytes,downloadBytes\r\n/,
    );
  });

  test.each([
    'from=yesterday',
    'from=0001-01-01T00:00:00Z',
    'from=2026-01-01',
    'from=2099-01-01T00:00:00Z',
    'to=2000-01-01T00:00:00Z&from=2020-01-01T00:00:00Z',
    'from=2010-01-01T00:00:00Z&to=2020-01-01T00:00:00Z',
    'granularity=hour&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z',
    'granularity=minute',
    'format=xml',
    'userId=x',
    'from=2026-01-01T00:00:00Z&from=2026-01-02T00:00:00Z',
  ])('%s is refused', async (query) => {
    const answer = await alice.get(`/usage?${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid_request' });
  });
});

describe('sessions', () => {
  interface Page {
    sessions: { id: string; status: string }[];
    nextCursor: string | null;
  }

  test('of a user: open and past, newest first, in complete pages without repeats', async () => {
    const made: string[] = [];
    for (let n = 0; n < 7; n++) {
      await sessions.close(alice, phone.id);
      made.unshift((await sessions.open(alice, phone.id)).id);
    }
    const seen: string[] = [];
    let path = `/devices/${phone.id}/sessions?limit=3`;
    for (let page = 0; page < 5; page++) {
      const body = (await alice.get(path)).json<Page>();
      seen.push(...body.sessions.map(({ id }) => id));
      if (body.nextCursor === null) break;
      path = `/devices/${phone.id}/sessions?limit=3&cursor=${body.nextCursor}`;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.slice(0, 7).sort()).toEqual(made.sort());
    const all = (await alice.get('/vpn/sessions?limit=100')).json<Page>();
    expect(all.sessions.filter(({ id }) => seen.includes(id))).toHaveLength(seen.length);
    expect(all.sessions[0]).toMatchObject({
      status: 'ACTIVE',
      openedBy: 'connect',
      closedAt: null,
      device: { id: phone.id, deviceName: 'phone' },
      server: { id: serverId, region: 'us-east' },
    });
    expect(all.sessions[1]).toMatchObject({ status: 'CLOSED', closedReason: 'disconnect' });
  });

  test('of a tenant, for the operator; of an unknown tenant: 404', async () => {
    const body = (await admin(`/tenants/${bob.tenantId}/sessions`)).json<Page>();
    expect(body.sessions).toMatchObject([{ status: 'ACTIVE', openedBy: 'handshake', userId: bob.userId }]);
    expect((await admin(`/tenants/${serverId}/sessions`)).statusCode).toBe(404);
  });

  test('of another tenant’s device: 404; another tenant’s cursor is invalid', async () => {
    expect((await bob.get(`/devices/${phone.id}/sessions`)).statusCode).toBe(404);
    const { nextCursor } = (await alice.get('/vpn/sessions?limit=1')).json<Page>();
    const foreign = await bob.get(`/vpn/sessions?cursor=${nextCursor!}`);
    const random = await bob.get(`/vpn/sessions?cursor=${'A'.repeat(22)}`);
    expect([foreign.statusCode, random.statusCode]).toEqual([400, 400]);
    expect(foreign.json<{ detail: string }>().detail).toBe(random.json<{ detail: string }>().detail);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'cursor=..', `cursor=${'A'.repeat(23)}`, 'state=ACTIVE'])(
    '%s is refused',
    async (query) => {
      expect((await alice.get(`/vpn/sessions?${query}`)).statusCode).toBe(400);
    },
  );

  test('whatever ends a device ends its session with the right reason', async () => {
    const device = await register(alice);
    await sessions.open(alice, device.id);
    await devices.delete(alice, device.id);
    const { rows } = await database.pool.query(
      'SELECT state, closed_reason FROM sessions WHERE device_id = $1',
      [device.id],
    );
    expect(rows).toEqual([{ state: 'CLOSED', closed_reason: 'revoked' }]);
  });
});
