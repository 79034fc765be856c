import { randomUUID } from 'node:crypto';
import type { Device } from '../devices/device.ts';
import type { DeviceStore, Owner } from '../devices/ports.ts';
import type { PeerStore } from '../fleet/ports.ts';
import { SCOPES } from '../platform/access/scopes.ts';
import type { Server } from '../servers/server.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createSessionStore } from '../sessions/store.ts';
import { createTenantStore } from './store.ts';
import { ADMIN_KEY, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, anEpoch, aTenantWithUser } from '../testing/fixtures.ts';

let database: TestDatabase;
let api: TestApp;
let devices: DeviceStore;
let peers: PeerStore;
let server: Server;
const epoch = anEpoch();
let woken: string[] = [];
/** The VPN server's reaction to a wake: nothing, or acknowledging everything. */
let onWake: () => Promise<void> = () => Promise.resolve();

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  peers = createPeerStore(database.as('cvault_links'), 600);
  server = await aServer(database, { cidr: '10.20.0.0/16' });
  await peers.adoptEpoch(server.id, epoch);
  api = await createTestApp(database, {
    peers: {
      wake: (serverIds) => {
        woken.push(...serverIds);
        void onWake();
      },
    },
  });
});
beforeEach(() => {
  woken = [];
  onWake = () => Promise.resolve();
});
afterAll(async () => {
  await api.close();
  await database.close();
});

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
const admin = (method: Method, path: string, payload?: object) =>
  api.app.inject({
    method,
    url: `/api/v1/admin${path}`,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(payload === undefined ? {} : { payload }),
  });

interface TenantBody {
  id: string;
  name: string;
  state: string;
}
async function aTenant(settings: object = {}): Promise<TenantBody> {
  const answer = await admin('POST', '/tenants', { name: `tenant ${randomUUID()}`, ...settings });
  expect(answer.statusCode).toBe(201);
  return answer.json();
}

/** Acknowledges as the VPN server does once it has removed or set the desired devices. */
async function acknowledgeAll(): Promise<void> {
  const desired = await peers.desired(server.id);
  await peers.acknowledge(
    server.id,
    epoch,
    desired.map(({ deviceId, generation }) => ({ deviceId, generation })),
  );
}

const rowsOf = async <T extends object>(sql: string, ...values: unknown[]) =>
  (await database.pool.query<T>(sql, values)).rows;
const statesOf = async ({ tenantId }: Owner) =>
  (
    await rowsOf<{ state: string }>('SELECT state FROM devices WHERE tenant_id = $1 ORDER BY id', tenantId)
  ).map((row) => row.state);

async function aTenantWithDevices(count: number): Promise<{ owner: Owner; devices: Device[] }> {
  const owner = await aTenantWithUser(database);
  const registered: Device[] = [];
  for (let index = 0; index < count; index++) registered.push(await devices.register(aDevice(owner)));
  await acknowledgeAll();
  return { owner, devices: registered };
}

test('only the operator gets in', async () => {
  for (const authorization of [
    undefined,
    'Bearer x',
    `Bearer ${ADMIN_KEY}x`,
    `bearer ${ADMIN_KEY.slice(0, -1)}`,
    ADMIN_KEY,
  ]) {
    const answer = await api.app.inject({
      url: '/api/v1/admin/tenants',
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'invalid_admin_key' });
  }
});

describe('tenants', () => {
  test('created with defaults, read, changed in part', async () => {
    const name = `Acme ${randomUUID()}`;
    const created = await admin('POST', '/tenants', { name });
    expect(created.statusCode).toBe(201);
    const tenant = created.json<TenantBody>();
    expect(tenant).toEqual({
      id: expect.any(String) as string,
      name,
      state: 'active',
      deviceCount: 0,
      deviceLimit: 100_000,
      passwordLengthMin: 12,
      authRateLimit: 100,
      authRateWindowSeconds: 900,
      tenantRateLimit: 60_000,
      keyRateLimit: 60_000,
      userRateLimit: 6_000,
      clientRateLimit: 12_000,
      dns: ['1.1.1.1', '8.8.8.8'],
      searchDomains: [],
      mtu: null,
      persistentKeepalive: 25,
      routes: [],
      routeIpv6: true,
      privateNetwork: false,
      sessionLimit: null,
      userDeviceLimit: null,
      userSessionLimit: null,
      dataLimitBytes: null,
      userDataLimitBytes: null,
      dataResetDay: 1,
      dataWarnPercents: [80, 95],
      uploadBitsPerSecond: null,
      downloadBitsPerSecond: null,
      keyLifetimeDays: 180,
      keyRotationDays: null,
      privateKeysOnce: false,
      noLog: false,
      sessionDays: null,
      usageDays: null,
      deliveryLogDays: 30,
      createdAt: expect.stringMatching(/Z$/) as string,
    });
    expect(created.headers.location).toBe(`/api/v1/admin/tenants/${tenant.id}`);
    expect((await admin('GET', `/tenants/${tenant.id}`)).json()).toEqual(tenant);

    const changes = { deviceLimit: 5, dns: ['9.9.9.9', '2620:fe::fe'], authRateLimit: 7 };
    const changed = await admin('PATCH', `/tenants/${tenant.id}`, changes);
    expect(changed.json()).toEqual({ ...tenant, ...changes });
    expect((await admin('PATCH', `/tenants/${tenant.id}`, {})).json()).toEqual({ ...tenant, ...changes });
    expect((await admin('PATCH', `/tenants/${tenant.id}`, { dns: [] })).json()).toMatchObject({ dns: [] });
  });

  test('every part of a plan, at creation and afterwards; null takes a limit away', async () => {
    const plan = {
      routes: ['10.0.0.0/8', 'fd00:1::/32'],
      routeIpv6: false,
      searchDomains: ['corp.example.com', 'lan'],
      mtu: 1280,
      persistentKeepalive: 0,
      privateNetwork: true,
      sessionLimit: 1_000,
      userDeviceLimit: 0,
      userSessionLimit: 2,
      dataLimitBytes: Number.MAX_SAFE_INTEGER,
      userDataLimitBytes: 50_000_000_000,
      dataResetDay: 28,
      dataWarnPercents: [50, 100],
      uploadBitsPerSecond: 10_000_000,
      downloadBitsPerSecond: 1_000_000_000_000,
      keyLifetimeDays: 30,
      keyRotationDays: 7,
      privateKeysOnce: true,
      noLog: true,
      sessionDays: 1,
      usageDays: 62,
      deliveryLogDays: 4,
    };
    const created = await aTenant(plan);
    expect(created).toMatchObject(plan);
    expect((await admin('GET', `/tenants/${created.id}`)).json()).toEqual(created);
    const none = {
      sessionLimit: null,
      dataLimitBytes: null,
      uploadBitsPerSecond: null,
      keyLifetimeDays: null,
      mtu: null,
    };
    const changed = await admin('PATCH', `/tenants/${created.id}`, { ...none, routes: ['2001:DB8:0::/48'] });
    expect(changed.json()).toEqual({ ...created, ...none, routes: ['2001:db8::/48'] });
  });

  test.each([
    ['/uploadBitsPerSecond', { uploadBitsPerSecond: 0 }],
    ['/downloadBitsPerSecond', { downloadBitsPerSecond: -8_000 }],
    ['/uploadBitsPerSecond', { uploadBitsPerSecond: 7_999 }],
    ['/uploadBitsPerSecond', { uploadBitsPerSecond: 2 ** 60 }],
    ['/dataLimitBytes', { dataLimitBytes: 2 ** 53 }],
    ['/dataLimitBytes', { dataLimitBytes: 0 }],
    ['/userDataLimitBytes', { userDataLimitBytes: -1 }],
    ['/sessionLimit', { sessionLimit: 0 }],
    ['/userSessionLimit', { userSessionLimit: 1e300 }],
    ['/userDeviceLimit', { userDeviceLimit: 2 ** 31 }],
    ['/dataResetDay', { dataResetDay: 29 }],
    ['/dataWarnPercents/1', { dataWarnPercents: [80, 101] }],
    ['/dataWarnPercents', { dataWarnPercents: [80, 80] }],
    ['/keyLifetimeDays', { keyLifetimeDays: 0 }],
    ['/keyRotationDays', { keyRotationDays: 0.5 }],
    ['/sessionDays', { sessionDays: 0 }],
    ['/usageDays', { usageDays: 61 }],
    ['/deliveryLogDays', { deliveryLogDays: 3 }],
    ['/privateNetwork', { privateNetwork: 1 }],
    ['/routeIpv6', { routeIpv6: 'no' }],
    ['/routes/0', { routes: ['10.8.0.1/24'] }],
    ['/routes/0', { routes: ['::ffff:10.0.0.0/104'] }],
    ['/routes', { routes: ['10.0.0.0/8', '10.0.0.0/8'] }],
    ['/routes', { routes: Array.from({ length: 33 }, (_, n) => `10.${n}.0.0/16`) }],
    ['/dns/0', { dns: ['010.0.0.1'] }],
    ['/mtu', { mtu: 0 }],
    ['/mtu', { mtu: 1_279 }],
    ['/mtu', { mtu: 1_421 }],
    ['/mtu', { mtu: 65_536 }],
    ['/mtu', { mtu: 1_300.5 }],
    ['/mtu', { mtu: '1280' }],
    ['/mtu', { mtu: '1280\nPostUp = id' }],
    ['/mtu', { mtu: [1_280] }],
    ['/persistentKeepalive', { persistentKeepalive: -1 }],
    ['/persistentKeepalive', { persistentKeepalive: 65_536 }],
    ['/persistentKeepalive', { persistentKeepalive: null }],
    // JSON turns NaN and infinity into null.
    ['/persistentKeepalive', { persistentKeepalive: NaN }],
    ['/persistentKeepalive', { persistentKeepalive: 'off' }],
    ['/persistentKeepalive', { persistentKeepalive: true }],
    ['/searchDomains', { searchDomains: null }],
    ['/searchDomains', { searchDomains: 'corp.example.com' }],
    ['/searchDomains/0', { searchDomains: [''] }],
    ['/searchDomains/0', { searchDomains: [7] }],
    ['/searchDomains/0', { searchDomains: ['corp.example.com\nPostUp = id'] }],
    ['/searchDomains/0', { searchDomains: ['a.example, 6.6.6.6'] }],
    ['/searchDomains/0', { searchDomains: ['a.example,b.example'] }],
    ['/searchDomains/0', { searchDomains: ['8.8.8.8'] }],
    ['/searchDomains/0', { searchDomains: ['fd00::1'] }],
    ['/searchDomains/1', { searchDomains: ['a.example', 'b c.example'] }],
    ['/searchDomains/0', { searchDomains: [`${'a.'.repeat(127)}example`] }],
    ['/searchDomains', { searchDomains: ['Corp.example', 'corp.example.'] }],
    ['/searchDomains', { searchDomains: Array.from({ length: 7 }, (_, n) => `d${n}.example`) }],
    ['/speed', { speed: 10 }],
  ])('%s: %j is refused with its place, and changes nothing', async (pointer, change) => {
    const tenant = await aTenant();
    const answer = await admin('PATCH', `/tenants/${tenant.id}`, { deviceLimit: 3, ...change });
    expect(answer.statusCode).toBe(400);
    const { errors } = answer.json<{ errors: { pointer: string }[] }>();
    expect(new Set(errors.map((error) => error.pointer))).toEqual(new Set([pointer]));
    expect((await admin('GET', `/tenants/${tenant.id}`)).json()).toEqual(tenant);
  });

  test('search domains are kept in their one spelling, whatever script they are written in', async () => {
    const tenant = await aTenant({ searchDomains: ['Corp.Example.COM.', 'пример.рф', 'lan'] });
    expect(tenant).toMatchObject({ searchDomains: ['corp.example.com', 'xn--e1afmkfd.xn--p1ai', 'lan'] });
  });

  test('a name is taken once, however it is spelled in Unicode', async () => {
    const { name } = await aTenant({ name: `Zoë ${randomUUID()}` });
    const again = await admin('POST', '/tenants', { name: name.normalize('NFD') });
    expect(again.statusCode).toBe(409);
    expect(again.json()).toMatchObject({ code: 'name_taken' });
    const other = await aTenant();
    expect((await admin('PATCH', `/tenants/${other.id}`, { name })).json()).toMatchObject({
      code: 'name_taken',
    });
  });

  test('are listed in pages, each once', async () => {
    for (let index = 0; index < 3; index++) await aTenant();
    const seen: string[] = [];
    let cursor = '';
    do {
      const answer = await admin('GET', `/tenants?limit=2${cursor}`);
      const page = answer.json<{ tenants: TenantBody[]; nextCursor: string | null }>();
      expect(page.tenants.length).toBeLessThanOrEqual(2);
      seen.push(...page.tenants.map((tenant) => tenant.id));
      cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    const all = await rowsOf<{ id: string }>('SELECT id FROM tenants ORDER BY id');
    expect(seen).toEqual(all.map((row) => row.id));
  });

  test('the limit cannot go below the devices that there are', async () => {
    const { owner } = await aTenantWithDevices(2);
    const answer = await admin('PATCH', `/tenants/${owner.tenantId}`, { deviceLimit: 1 });
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({ code: 'state_conflict' });
    expect((await admin('PATCH', `/tenants/${owner.tenantId}`, { deviceLimit: 2 })).statusCode).toBe(200);
  });

  test.each([
    ['no name', {}],
    ['a state', { name: 'x', state: 'active' }],
    ['a count', { name: 'x', deviceCount: 5 }],
    ['an id', { name: 'x', id: randomUUID() }],
    ['a line end in the name', { name: 'x\nPostUp = id' }],
    ['a negative limit', { name: 'x', deviceLimit: -1 }],
    ['a limit beyond integers', { name: 'x', deviceLimit: 2 ** 53 }],
    ['a limit as text', { name: 'x', deviceLimit: '5' }],
    ['half a device', { name: 'x', deviceLimit: 1.5 }],
    ['passwords of 7 characters', { name: 'x', passwordLengthMin: 7 }],
    ['a resolver by name', { name: 'x', dns: ['dns.example.com'] }],
    ['a resolver with a line end', { name: 'x', dns: ['1.1.1.1\nPostUp = id'] }],
    ['a resolver in octal', { name: 'x', dns: ['010.0.0.1'] }],
    ['a resolver with a zone', { name: 'x', dns: ['fe80::1%eth0'] }],
    ['a range as resolver', { name: 'x', dns: ['10.0.0.0/8'] }],
    ['nine resolvers', { name: 'x', dns: Array<string>(9).fill('1.1.1.1') }],
  ])('refused: %s', async (_name, payload) => {
    const answer = await admin('POST', '/tenants', payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'invalid_request' });
    expect(await rowsOf("SELECT FROM tenants WHERE name LIKE 'x%'")).toEqual([]);
  });

  test('that there are not answer 404 everywhere', async () => {
    const id = randomUUID();
    const calls: [Method, string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { deviceLimit: 1 }],
      ['DELETE', ''],
      ['POST', '/suspend'],
      ['POST', '/resume'],
      ['GET', '/api-keys'],
      ['POST', '/api-keys', { name: 'x' }],
      ['DELETE', `/api-keys/${randomUUID()}`],
    ];
    for (const [method, path, payload] of calls) {
      const answer = await admin(method, `/tenants/${id}${path}`, payload);
      expect(answer.statusCode, `${method} ${path}`).toBe(404);
      expect((await admin(method, `/tenants/no-uuid${path}`, payload)).statusCode, `${method} ${path}`).toBe(
        400,
      );
    }
  });
});

describe('API keys', () => {
  const health = (key: string) =>
    api.app.inject({ method: 'POST', url: '/api/v1/auth/login', headers: { 'x-api-key': key }, payload: {} });

  test('are shown once, stored as hashes, and open until they are revoked', async () => {
    const tenant = await aTenant();
    const created = await admin('POST', `/tenants/${tenant.id}/api-keys`, { name: 'backend', mode: 'test' });
    expect(created.statusCode).toBe(201);
    const { key, ...rest } = created.json<{ key: string; id: string; prefix: string }>();
    expect(key).toMatch(/^cv_test_/);
    expect(rest).toEqual({
      id: expect.any(String) as string,
      name: 'backend',
      scopes: [...SCOPES],
      allowedSources: [],
      expiresAt: null,
      lastUsedAt: null,
      mode: 'test',
      prefix: key.slice(0, 14),
      createdAt: expect.any(String) as string,
      revokedAt: null,
      parentId: null,
      replacesId: null,
    });
    const listed = await admin('GET', `/tenants/${tenant.id}/api-keys`);
    expect(listed.json()).toEqual({ apiKeys: [rest] });
    expect(listed.body).not.toContain(key);
    const dump = JSON.stringify(await rowsOf('SELECT * FROM api_keys'));
    expect(dump).not.toContain(key.slice(14));

    expect((await health(key)).statusCode).toBe(400);
    expect((await admin('DELETE', `/tenants/${tenant.id}/api-keys/${rest.id}`)).statusCode).toBe(204);
    expect((await health(key)).statusCode).toBe(401);
    expect((await admin('DELETE', `/tenants/${tenant.id}/api-keys/${rest.id}`)).statusCode).toBe(204);
    expect((await admin('GET', `/tenants/${tenant.id}/api-keys`)).json()).toMatchObject({
      apiKeys: [{ id: rest.id, revokedAt: expect.any(String) as string }],
    });
    expect(api.logs()).not.toContain(key);
  });

  test('several can be active, and one of another tenant cannot be revoked', async () => {
    const [one, two] = [await aTenant(), await aTenant()];
    const made = await Promise.all(
      [one, one, two].map(async (tenant) =>
        (await admin('POST', `/tenants/${tenant.id}/api-keys`, { name: 'k' })).json<{
          id: string;
          key: string;
        }>(),
      ),
    );
    const foreign = made[2]!;
    expect((await admin('DELETE', `/tenants/${one.id}/api-keys/${foreign.id}`)).statusCode).toBe(404);
    for (const { key } of made) expect((await health(key)).statusCode).toBe(400);
  });
});

describe('suspending and resuming', () => {
  test('takes every live device, and gives back exactly those', async () => {
    const { owner, devices: registered } = await aTenantWithDevices(3);
    const other = await aTenantWithDevices(1);
    const [gone, refused, live] = registered as [Device, Device, Device];
    await devices.delete(owner, gone.id);
    await peers.fail(
      { tenantId: owner.tenantId, deviceId: refused.id, generation: refused.generation },
      'conflict',
    );
    const before = await statesOf(owner);
    expect([...before].sort()).toEqual(['deleted', 'failed', 'live']);

    const suspended = await admin('POST', `/tenants/${owner.tenantId}/suspend`);
    expect(suspended.statusCode).toBe(200);
    expect(suspended.json()).toMatchObject({ state: 'suspended', deviceCount: 1 });
    expect((await statesOf(owner)).sort()).toEqual(['deleted', 'failed', 'suspended']);
    expect(await statesOf(other.owner)).toEqual(['live']);
    expect(woken).toEqual([server.id]);
    const wanted = (await peers.desired(server.id)).find((peer) => peer.deviceId === live.id);
    expect(wanted).toMatchObject({ present: false, generation: live.generation + 1 });
    const queued = await rowsOf(
      'SELECT FROM outbox WHERE device_id = $1 AND generation = $2',
      live.id,
      live.generation + 1,
    );
    expect(queued).toHaveLength(1);

    // Repeating it changes nothing.
    await admin('POST', `/tenants/${owner.tenantId}/suspend`);
    expect((await peers.desired(server.id)).find((peer) => peer.deviceId === live.id)?.generation).toBe(2);

    const resumed = await admin('POST', `/tenants/${owner.tenantId}/resume`);
    expect(resumed.json()).toMatchObject({ state: 'active', deviceCount: 1 });
    expect(await statesOf(owner)).toEqual(before);
    expect((await peers.desired(server.id)).find((peer) => peer.deviceId === live.id)).toMatchObject({
      present: true,
      generation: live.generation + 2,
    });
  });

  test('keeps addresses and quota', async () => {
    const { owner } = await aTenantWithDevices(2);
    const leases = () =>
      rowsOf('SELECT address, state FROM ip_pool WHERE tenant_id = $1 ORDER BY address', owner.tenantId);
    const before = await leases();
    await admin('POST', `/tenants/${owner.tenantId}/suspend`);
    await acknowledgeAll();
    expect(await leases()).toEqual(before);
    await admin('POST', `/tenants/${owner.tenantId}/resume`);
    await acknowledgeAll();
    expect(await leases()).toEqual(before);
  });

  test('a suspended tenant registers nothing, also not with a request that was under way', async () => {
    const { owner } = await aTenantWithDevices(1);
    await admin('POST', `/tenants/${owner.tenantId}/suspend`);
    await expect(devices.register(aDevice(owner))).rejects.toMatchObject({ code: 'tenant_suspended' });
    expect(await statesOf(owner)).toEqual(['suspended']);
  });

  test('amid registrations and deletions no device stays live, and nothing fails for a deadlock', async () => {
    const { owner, devices: registered } = await aTenantWithDevices(10);
    const work = [
      ...Array.from({ length: 30 }, () => devices.register(aDevice(owner)).catch((error: unknown) => error)),
      ...registered.map((device) => devices.delete(owner, device.id)),
      ...['suspend', 'resume', 'suspend', 'resume', 'suspend'].map(async (verb) => {
        const answer = await admin('POST', `/tenants/${owner.tenantId}/${verb}`);
        expect(answer.statusCode).toBe(200);
      }),
    ];
    for (const result of await Promise.all(work)) {
      if (result instanceof Error) expect(result).toMatchObject({ code: 'tenant_suspended' });
    }
    await admin('POST', `/tenants/${owner.tenantId}/suspend`);
    const states = await statesOf(owner);
    expect(states.filter((state) => state === 'live')).toEqual([]);
    const [tenant] = await rowsOf<{ device_count: number }>(
      'SELECT device_count FROM tenants WHERE id = $1',
      owner.tenantId,
    );
    expect(tenant?.device_count).toBe(states.filter((state) => state === 'suspended').length);
  });
});

describe('deleting', () => {
  const TABLES = [
    'devices',
    'tenant_users',
    'api_keys',
    'sign_ins',
    'refresh_tokens',
    'outbox',
    'sessions',
    'ip_pool',
  ];
  const remains = async (tenantId: string) => {
    const counts: Record<string, number> = {};
    for (const table of TABLES) {
      const [row] = await rowsOf<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`,
        tenantId,
      );
      if (row!.n > 0) counts[table] = row!.n;
    }
    return counts;
  };

  test('a tenant without devices is gone at once', async () => {
    const tenant = await aTenant();
    await admin('POST', `/tenants/${tenant.id}/api-keys`, { name: 'x' });
    const answer = await admin('DELETE', `/tenants/${tenant.id}`);
    expect(answer.statusCode).toBe(204);
    expect((await admin('GET', `/tenants/${tenant.id}`)).statusCode).toBe(404);
    expect((await admin('DELETE', `/tenants/${tenant.id}`)).statusCode).toBe(404);
    expect(await remains(tenant.id)).toEqual({});
  });

  test('with devices: 204 once the VPN server has removed them; nothing is left but the keys’ tombstones', async () => {
    onWake = acknowledgeAll;
    const { owner, devices: registered } = await aTenantWithDevices(3);
    await createSessionStore(database.as('cvault_api')).open(owner, registered[0]!.id);
    const answer = await admin('DELETE', `/tenants/${owner.tenantId}`);
    expect(answer.statusCode).toBe(204);
    expect(await remains(owner.tenantId)).toEqual({});
    const tombstones = await rowsOf('SELECT device_id FROM public_keys WHERE tenant_id = $1', owner.tenantId);
    expect(tombstones).toEqual([{ device_id: null }, { device_id: null }, { device_id: null }]);
    const addresses = registered.map((device) => device.assignedIp);
    const leases = await rowsOf<{ state: string }>(
      'SELECT state FROM ip_pool WHERE server_id = $1 AND host(address) = ANY($2)',
      server.id,
      addresses,
    );
    expect(leases.map((lease) => lease.state)).toEqual(['quarantine', 'quarantine', 'quarantine']);
    // A retired key never becomes another tenant's.
    const other = await aTenantWithUser(database);
    await expect(
      devices.register(aDevice(other, { publicKey: registered[0]!.publicKey })),
    ).rejects.toMatchObject({
      code: 'public_key_taken',
    });
  });

  test('with a VPN server that is away: 202, closed at once, and completed when it is back', async () => {
    const { owner, devices: registered } = await aTenantWithDevices(2);
    const key = (await admin('POST', `/tenants/${owner.tenantId}/api-keys`, { name: 'x' })).json<{
      key: string;
    }>().key;
    const answer = await admin('DELETE', `/tenants/${owner.tenantId}`);
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ id: owner.tenantId, status: 'deleting' });
    expect(woken).toEqual([server.id]);

    expect((await admin('GET', `/tenants/${owner.tenantId}`)).json()).toMatchObject({
      state: 'deleting',
      deviceCount: 0,
    });
    for (const verb of ['suspend', 'resume']) {
      expect((await admin('POST', `/tenants/${owner.tenantId}/${verb}`)).statusCode).toBe(404);
    }
    const login = await api.app.inject({
      method: 'POST',
      url: '/api/v1/auth/login',
      headers: { 'x-api-key': key },
      payload: {},
    });
    expect(login.statusCode).toBe(401);
    expect(await statesOf(owner)).toEqual(['deleted', 'deleted']);
    const kept = await rowsOf<{ private_key: Buffer | null }>(
      'SELECT private_key FROM devices WHERE tenant_id = $1',
      owner.tenantId,
    );
    expect(kept.every((row) => row.private_key === null)).toBe(true);
    // Not acknowledged: the addresses stay out of use.
    const leases = await rowsOf<{ state: string }>(
      'SELECT state FROM ip_pool WHERE tenant_id = $1',
      owner.tenantId,
    );
    expect(leases.map((lease) => lease.state)).toEqual(['draining', 'draining']);
    await expect(devices.register(aDevice(owner))).rejects.toMatchObject({ code: 'tenant_suspended' });

    const store = createTenantStore(database.as('cvault_operator'));
    expect(await store.deleting()).toContain(owner.tenantId);
    expect(await store.finishDeletion(owner.tenantId)).toBe(false);
    await acknowledgeAll();
    expect(await store.finishDeletion(owner.tenantId)).toBe(true);
    expect(await remains(owner.tenantId)).toEqual({});
    expect(registered).toHaveLength(2);
  });

  test('a suspended one, and failed devices with it', async () => {
    onWake = acknowledgeAll;
    const { owner, devices: registered } = await aTenantWithDevices(2);
    const [refused] = registered;
    await peers.fail(
      { tenantId: owner.tenantId, deviceId: refused!.id, generation: refused!.generation },
      'full',
    );
    await admin('POST', `/tenants/${owner.tenantId}/suspend`);
    expect((await admin('DELETE', `/tenants/${owner.tenantId}`)).statusCode).toBe(204);
    expect(await remains(owner.tenantId)).toEqual({});
  });

  test('amid registrations nothing comes in behind it', async () => {
    onWake = acknowledgeAll;
    const { owner } = await aTenantWithDevices(5);
    const registrations = Array.from({ length: 20 }, () =>
      devices.register(aDevice(owner)).catch(() => null),
    );
    const answer = await admin('DELETE', `/tenants/${owner.tenantId}`);
    await Promise.all(registrations);
    expect([202, 204]).toContain(answer.statusCode);
    await acknowledgeAll();
    const store = createTenantStore(database.as('cvault_operator'));
    expect(await store.finishDeletion(owner.tenantId)).toBe(true);
    expect(await remains(owner.tenantId)).toEqual({});
  });
});
