/** A user's changes of a device through the API as in production: name, keys, place, and waiting for them. */
import { encodeKey, generateKeyPair, parseConfig } from '@cvault/wireguard';
import { describe, expect } from 'vitest';
import { createPeerStore } from '../fleet/peer-store.ts';
import { aKey, aServer } from '../testing/fixtures.ts';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

interface DeviceBody {
  readonly id: string;
  readonly deviceName: string;
  readonly assignedIp: string;
  readonly publicKey: string;
  readonly status: string;
  readonly config: string;
  readonly server: { readonly id: string };
}
let device: DeviceBody;

const test = base
  .extend('servers', { scope: 'file' }, async ({ database }) => [
    await aServer(database, { region: 'east', cidr: '10.8.0.0/24' }),
    await aServer(database, { region: 'west', cidr: '10.9.0.0/24' }),
  ])
  .extend('east', { scope: 'file' }, ({ servers }) => servers[0]!.id)
  .extend('west', { scope: 'file' }, ({ servers }) => servers[1]!.id)
  .extend('environment', { scope: 'file' }, { CVAULT_QUARANTINE_SECONDS: '0' })
  .extend('alice', { scope: 'file' }, ({ api }) => signUp(api, 'a company'))
  .extend('mallory', { scope: 'file' }, ({ api }) => signUp(api, 'another company'))
  .extend(
    'change',
    ({ alice }) =>
      (action: string, payload: object, user = alice, id = device.id) =>
        user.call('POST', `/devices/${id}/${action}`, payload),
  )
  .extend(
    'get',
    ({ alice }) =>
      async () =>
        (await alice.call('GET', `/devices/${device.id}`)).json<DeviceBody>(),
  )
  .extend(
    'onInterface',
    ({ api }) =>
      async (serverId: string) =>
        ((await api.cvault.fleet.list(serverId))?.peers ?? [])
          .filter(({ owner }) => owner?.deviceId === device.id)
          .map(({ publicKey, allowedIps }) => `${publicKey} ${allowedIps.join()}`),
  )
  .extend(
    'config',
    ({ alice }) =>
      async () =>
        parseConfig((await alice.call('GET', `/devices/${device.id}/config`)).body),
  )
  .extend('told', ({ config }) => async () => {
    const { interface: own, peers } = await config();
    return {
      mtu: own.mtu,
      searchDomains: own.searchDomains,
      persistentKeepalive: peers[0]!.persistentKeepalive,
    };
  })
  .extend(
    'settings',
    ({ alice }) =>
      (changes: object) =>
        alice.call('PATCH', '/tenant/settings', changes),
  )
  .extend(
    'file',
    ({ alice }) =>
      (id: string, query = '') =>
        alice.call('GET', `/devices/${id}/config${query}`),
  )
  .extend('setTransport', ({ database, west, api }) => async (to: string) => {
    await database.pool.query(`UPDATE servers SET ${to} WHERE id = $1`, [west]);
    await api.cvault.fleet.refresh();
  });

test.beforeEach(async ({ alice }) => {
  const registered = await alice.call('POST', '/devices', { deviceName: 'phone', region: 'east' });
  expect(registered.statusCode, registered.body).toBe(201);
  device = registered.json<DeviceBody>();
});

describe('PATCH', () => {
  test('changes what is given and leaves the rest; the configuration has it, the VPN server is not bothered', async ({
    alice,
  }) => {
    const changes = { deviceName: 'laptop', dns: ['10.0.0.53'], routes: ['10.0.0.0/8'] };
    const answer = await alice.call('PATCH', `/devices/${device.id}`, changes);
    expect([answer.statusCode, answer.json()]).toMatchObject([
      200,
      { ...changes, status: 'active', desiredGeneration: 1 },
    ]);
    const { interface: own, peers } = parseConfig(
      (await alice.call('GET', `/devices/${device.id}/config`)).body,
    );
    expect([own.dns, peers[0]?.allowedIps]).toEqual([['10.0.0.53'], ['10.0.0.0/8']]);
    expect((await alice.call('PATCH', `/devices/${device.id}`, { dns: null })).json()).toMatchObject({
      deviceName: 'laptop',
      dns: null,
      routes: ['10.0.0.0/8'],
    });
  });

  describe('of what only the device’s configuration says', () => {
    const NOTHING_SAID = { mtu: null, searchDomains: [], persistentKeepalive: 25 };
    const TENANTS = { mtu: 1380, searchDomains: ['corp.example', 'lan'], persistentKeepalive: 0 };
    const OWN = { mtu: 1280, searchDomains: ['home.arpa'], persistentKeepalive: 65_535 };
    const NONE = { mtu: null, searchDomains: null, persistentKeepalive: null };

    test.afterEach(async ({ settings }) => {
      await settings(NOTHING_SAID);
    });

    test('nothing is in it unless somebody sets it, but the keepalive', async ({ told }) => {
      expect(await told()).toEqual(NOTHING_SAID);
      expect(device.config).not.toMatch(/MTU/);
      expect(device.config).toMatch(/^PersistentKeepalive = 25$/m);
      expect(device).toMatchObject(NONE);
    });

    test('the tenant’s holds for what is registered then and for what is fetched again; the device’s own goes first', async ({
      alice,
      told,
      settings,
    }) => {
      expect((await settings(TENANTS)).json()).toMatchObject(TENANTS);
      expect(await told()).toEqual({ ...TENANTS, persistentKeepalive: null });
      const { body } = await alice.call('GET', `/devices/${device.id}/config`);
      expect(body).toMatch(/^DNS = 1\.1\.1\.1, 8\.8\.8\.8, corp\.example, lan\nMTU = 1380$/m);
      expect(body).not.toMatch(/PersistentKeepalive/);
      const other = await alice.call('POST', '/devices', { deviceName: 'tablet', region: 'east' });
      expect(parseConfig(other.json<DeviceBody>().config).interface).toMatchObject({ mtu: 1380 });
      expect((await alice.call('PATCH', `/devices/${device.id}`, OWN)).json()).toMatchObject({
        ...OWN,
        status: 'active',
        desiredGeneration: 1,
      });
      expect(await told()).toEqual(OWN);
      expect((await alice.call('PATCH', `/devices/${device.id}`, { mtu: null })).json()).toMatchObject({
        ...OWN,
        mtu: null,
      });
      expect(await told()).toEqual({ ...OWN, mtu: 1380 });
    });

    test('the device’s own is set at registration, too, and by the tenant’s backend', async ({
      alice,
      mallory,
      told,
    }) => {
      const made = await alice.call('POST', '/devices', { deviceName: 'x', region: 'east', ...OWN });
      const body = made.json<DeviceBody>();
      expect(body).toMatchObject(OWN);
      expect(parseConfig(body.config).interface).toMatchObject({ mtu: 1280, searchDomains: ['home.arpa'] });
      const path = `/tenant/devices/${device.id}`;
      const changes = { ...OWN, dns: ['10.0.0.53'], routes: ['10.0.0.0/8'] };
      expect((await alice.call('PATCH', path, changes)).json()).toMatchObject({ ...changes, metadata: {} });
      expect(await told()).toEqual(OWN);
      expect((await alice.call('PATCH', path, { metadata: { a: 'b' } })).json()).toMatchObject({
        ...changes,
        metadata: { a: 'b' },
      });
      expect((await mallory.call('PATCH', path, { mtu: 1300 })).statusCode).toBe(404);
    });

    test.for([
      { mtu: 0 },
      { mtu: 1_279 },
      { mtu: 1_421 },
      { mtu: '1280' },
      { mtu: NaN, persistentKeepalive: -1 },
      { persistentKeepalive: 65_536 },
      { persistentKeepalive: '25\nPostUp = id' },
      { searchDomains: ['a.example\nPostUp = id'] },
      { searchDomains: ['a.example,6.6.6.6'] },
      { searchDomains: { length: 1 } },
    ])('%j is refused wherever it is sent', async (wrong, { alice, get }) => {
      const before = await get();
      for (const path of [`/devices/${device.id}`, `/tenant/devices/${device.id}`]) {
        expect((await alice.call('PATCH', path, wrong)).json()).toMatchObject({ code: 'invalid_request' });
      }
      const made = await alice.call('POST', '/devices', { deviceName: 'x', ...wrong });
      expect(made.json()).toMatchObject({ code: 'invalid_request' });
      expect(await get()).toEqual(before);
    });
  });

  test.for([
    ['nothing', {}],
    ['an unknown field', { assignedIp: '10.8.0.77' }],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['a route with host bits', { routes: ['10.0.0.1/8'] }],
  ] as const)('with %s is refused and changes nothing', async ([, payload], { alice, get }) => {
    const before = await get();
    expect((await alice.call('PATCH', `/devices/${device.id}`, payload)).statusCode).toBe(400);
    expect(await get()).toEqual(before);
  });
});

describe('rotate', () => {
  test('answers the configuration with the new key, which its VPN server carries at once instead of the old one', async ({
    east,
    change,
    onInterface,
  }) => {
    const answer = await change('rotate', { overlapSeconds: 0 });
    const rotated = answer.json<DeviceBody>();
    expect([answer.statusCode, rotated]).toMatchObject([
      200,
      { id: device.id, assignedIp: device.assignedIp, status: 'active' },
    ]);
    expect(rotated.publicKey).not.toBe(device.publicKey);
    expect(rotated.config).toMatch(/^PrivateKey = /m);
    expect(await onInterface(east)).toEqual([`${rotated.publicKey} ${device.assignedIp}/32`]);
  });

  test('with a key of the device’s own: no private key is ours, and none but a usable, unused one is taken', async ({
    change,
    get,
  }) => {
    const publicKey = encodeKey(generateKeyPair().publicKey);
    const answer = await change('rotate', { publicKey });
    expect([answer.statusCode, answer.json<DeviceBody>().publicKey]).toEqual([200, publicKey]);
    expect(answer.json<DeviceBody>().config).not.toMatch(/^PrivateKey/m);
    expect((await change('rotate', { publicKey })).json()).toMatchObject({ code: 'public_key_taken' });
    const zero = Buffer.alloc(32).toString('base64');
    expect((await change('rotate', { publicKey: zero })).statusCode).toBe(400);
    for (const overlapSeconds of [-1, 86_401, 1.5, '60', null])
      expect((await change('rotate', { overlapSeconds })).statusCode).toBe(400);
    expect((await get()).publicKey).toBe(publicKey);
  });
});

describe('a body that is all optional may be left out', () => {
  test.for(['rotate', 'move'])('%s', async (verb, { api, alice }) => {
    for (const headers of [{}, { 'content-type': 'application/json' }]) {
      const answer = await api.app.inject({
        method: 'POST',
        url: `/api/v1/devices/${device.id}/${verb}`,
        headers: { ...alice.headers, ...headers },
      });
      expect([answer.statusCode, answer.json<DeviceBody>().id]).toEqual([200, device.id]);
    }
  });

  test('the description says so of every POST, and a body with a required field is still asked for', async ({
    api,
    alice,
  }) => {
    const { paths } = (await api.app.inject('/docs/json')).json<{
      paths: Record<string, { post?: { requestBody?: { required?: boolean } } }>;
    }>();
    const optional = Object.entries(paths)
      .filter(([, { post }]) => post?.requestBody?.required === false)
      .map(([path]) => path);
    expect(optional).toEqual(
      expect.arrayContaining([
        '/api/v1/devices/{id}/rotate',
        '/api/v1/devices/{id}/move',
        '/api/v1/admin/servers/{id}/evacuate',
        '/api/v1/admin/tenants/{id}/signing-keys',
        '/api/v1/tenant/api-keys/{keyId}/rotate',
        '/api/v1/tenant/webhook-endpoints/{id}/rotate-secret',
      ]),
    );
    expect(optional).not.toContain('/api/v1/devices');
    const answer = await api.app.inject({ method: 'POST', url: '/api/v1/devices', headers: alice.headers });
    expect(answer.statusCode).toBe(400);
  });
});

test('a change of keys does not cut off who asks for it: the old key goes on until the new one is used', async ({
  database,
  change,
}) => {
  expect((await change('rotate', {})).statusCode).toBe(200);
  const { rows } = await database.pool.query<{ replaces: Buffer; seconds: number }>(
    `SELECT replaces_key AS replaces, round(extract(epoch FROM overlap_until - now()) / 3600)::int AS seconds
     FROM devices WHERE id = $1`,
    [device.id],
  );
  expect(rows).toMatchObject([{ seconds: 1 }]);
  expect(encodeKey(rows[0]!.replaces)).toBe(device.publicKey);
});

describe('the configuration as a file', () => {
  test('has a name of its own', async ({ file }) => {
    const { headers } = await file(device.id);
    expect(headers['content-disposition']).toMatch(/^attachment; filename="[a-z0-9-]{1,15}\.conf"$/);
    expect(headers['content-disposition']).toContain(`-${device.id.slice(-4)}.conf`);
  });

  test('without the other family where that is asked for', async ({ file }) => {
    expect((await file(device.id, '?family=ipv4')).body).not.toContain('::/0');
    expect((await file(device.id, '?family=ipv6')).statusCode).toBe(400);
  });

  test('is no QR code where the private key is only on the device', async ({ alice, file }) => {
    const registered = await alice.call('POST', '/devices', { deviceName: 'own', publicKey: aKey() });
    const { id } = registered.json<DeviceBody>();
    for (const image of ['png', 'svg']) {
      const answer = await file(id, `?format=qr&image=${image}`);
      expect([answer.statusCode, answer.json()]).toMatchObject([409, { code: 'private_key_elsewhere' }]);
    }
    expect((await file(id)).statusCode).toBe(200);
    expect((await file(device.id, '?format=qr')).headers['content-type']).toBe('image/png');
  });

  test('is no QR code where none holds so much', async ({ alice, file }) => {
    const { id } = (await alice.call('POST', '/devices', { deviceName: 'long' })).json<DeviceBody>();
    const label = 'a'.repeat(60);
    const changed = await alice.call('PATCH', `/devices/${id}`, {
      routes: Array.from(
        { length: 32 },
        (_, n) => `2001:db8:aaaa:bbbb:cccc:${(0xdd00 + n).toString(16)}::/96`,
      ),
      searchDomains: Array.from({ length: 6 }, (_, n) => `${label}.${label}.${label}.n${n}.example`),
    });
    expect(changed.statusCode, changed.body).toBe(200);
    for (const image of ['png', 'svg']) {
      const answer = await file(id, `?format=qr&image=${image}`);
      expect([answer.statusCode, answer.json()]).toMatchObject([409, { code: 'configuration_too_long' }]);
    }
    expect((await file(id)).statusCode).toBe(200);
  });
});

describe('move', () => {
  test('answers the configuration for the other VPN server, which carries it; the old one no longer does', async ({
    east,
    west,
    alice,
    change,
    onInterface,
  }) => {
    await alice.call('POST', '/vpn/connect', { deviceId: device.id });
    const answer = await change('move', { region: 'west' });
    const moved = answer.json<DeviceBody>();
    expect([answer.statusCode, moved]).toMatchObject([
      200,
      { id: device.id, publicKey: device.publicKey, status: 'active', server: { id: west } },
    ]);
    expect(moved.config).toContain(moved.assignedIp);
    expect(await onInterface(west)).toEqual([`${device.publicKey} ${moved.assignedIp}/32`]);
    await expect.poll(() => onInterface(east)).toEqual([]);
    const { sessions } = (await alice.call('GET', `/devices/${device.id}/sessions`)).json<{
      sessions: object[];
    }>();
    expect(sessions).toMatchObject([{ status: 'CLOSED', closedReason: 'moved', server: { id: east } }]);
    expect((await change('move', { serverId: west })).json()).toMatchObject({ assignedIp: moved.assignedIp });
  });

  test.for<[string, (west: string) => object, number, string | undefined]>([
    ['a region that is not there', () => ({ region: 'nowhere' }), 400, 'unknown_region'],
    ['a VPN server that is not there', () => ({ serverId: device.id }), 400, 'unknown_server'],
    ['both', (west) => ({ region: 'west', serverId: west }), 400, undefined],
    ['an id that is none', () => ({ serverId: 'west' }), 400, undefined],
    ['more than that', () => ({ region: 'west', assignedIp: '10.9.0.9' }), 400, undefined],
  ])('to %s is refused and changes nothing', async ([, wish, status, code], { west, change, get }) => {
    const before = await get();
    const answer = await change('move', wish(west));
    expect(answer.statusCode, answer.body).toBe(status);
    if (code !== undefined) expect(answer.json()).toMatchObject({ code });
    expect(await get()).toEqual(before);
  });

  test('brings back a device that its VPN server refused', async ({ database, east, alice, change, get }) => {
    const { rows } = await database.pool.query<{ generation: number }>(
      "UPDATE devices SET state = 'live', applied_generation = 0 WHERE id = $1 RETURNING generation",
      [device.id],
    );
    const failed = { tenantId: alice.tenantId, deviceId: device.id, generation: rows[0]!.generation };
    await createPeerStore(database, 0).fail(failed, 'full');
    expect(await get()).toMatchObject({ status: 'failed', reason: 'full' });
    expect((await change('rotate', {})).json()).toMatchObject({ code: 'state_conflict' });
    const answer = await change('move', { serverId: east });
    expect([answer.statusCode, answer.json()]).toMatchObject([
      200,
      { status: 'active', failure: null, server: { id: east } },
    ]);
  });
});

test.for(['rotate', 'move'])(
  '%s of another tenant’s device, and of none, is the same 404',
  async (action, { mallory, change, get }) => {
    const before = await get();
    const [others, none] = [
      await change(action, {}, mallory),
      await change(action, {}, mallory, '0190a0a0-0000-7000-8000-000000000000'),
    ];
    const { requestId: one, ...first } = others.json<Record<string, unknown>>();
    const { requestId: two, ...second } = none.json<Record<string, unknown>>();
    expect([others.statusCode, one === two]).toEqual([404, false]);
    expect({ ...first, instance: '' }).toEqual({ ...second, instance: '' });
    expect(await get()).toEqual(before);
  },
);

describe('?wait=active', () => {
  test('answers when a VPN server that was away has acknowledged; without it, 202 comes first', async ({
    west,
    api,
    alice,
    change,
    onInterface,
    setTransport,
  }) => {
    await setTransport("transport = 'local', netns = 'no-such-namespace'");
    await expect.poll(() => api.cvault.fleet.stateOf(west)?.state).toBe('away');
    const early = await change('move', { region: 'west' });
    expect([early.statusCode, early.json()]).toMatchObject([202, { status: 'pending' }]);
    const waiting = [
      change('rotate?wait=active', {}),
      alice.call('POST', '/devices?wait=active', { deviceName: 'tablet', region: 'west' }),
    ];
    await new Promise((resolve) => setTimeout(resolve, 300));
    await setTransport("transport = 'memory', netns = NULL");
    const [rotated, registered] = await Promise.all(waiting);
    expect([rotated!.statusCode, rotated!.json()]).toMatchObject([200, { status: 'active' }]);
    expect([registered!.statusCode, registered!.json()]).toMatchObject([201, { status: 'active' }]);
    expect(await onInterface(west)).toEqual([
      `${rotated!.json<DeviceBody>().publicKey} ${rotated!.json<DeviceBody>().assignedIp}/32`,
    ]);
  });

  test('knows no other word', async ({ change }) => {
    expect((await change('rotate?wait=forever', {})).statusCode).toBe(400);
  });
});
