/** What the operator sends about VPN servers, and what of it is refused with nothing changed. */
import { createServerService, createVault, newId, Secret } from '@cvault/core';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDeviceStore } from '../../postgres/devices/store.ts';
import { createServerStore } from '../../postgres/servers/store.ts';
import { ADMIN_KEY, createTestApp, type TestApp } from '../../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../../testing/fixtures.ts';
import { serverRoutes } from './routes.ts';

interface Body {
  readonly id: string;
  readonly code: string;
  readonly errors: { readonly pointer: string }[];
}

let database: TestDatabase;
let app: TestApp;
let rendered: readonly string[] = [];
let id: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const servers = createServerService({
    servers: createServerStore(database.as('cvault_operator')),
    fleet: {
      refresh: () => Promise.resolve(),
      wake: () => undefined,
      linkTo: () => null,
      peerCount: () => Promise.resolve(null),
      probe: () => Promise.reject(new Error('nothing is connected to in these tests')),
    },
    installer: {
      render: ({ tunnelAddresses }) => {
        rendered = tunnelAddresses;
        return 'script';
      },
    },
    newControlKey: () => ({ privateKey: new Secret('private'), publicKey: 'public' }),
    vault: createVault({ version: 1, key: new Secret(randomBytes(32)) }),
    sshUser: 'cvault',
    interfaceName: 'wg0',
  });
  app = await createTestApp(database, {
    routes: (root) => void root.register(serverRoutes, { prefix: '/api/v1/admin', servers }),
  });
});
afterAll(async () => {
  await app.close();
  await database.close();
});
beforeEach(async () => {
  ({ id } = await aServer(database, { cidr: '10.9.0.0/24' }));
});

async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, payload?: object) {
  const response = await app.app.inject({
    method,
    url: `/api/v1/admin/servers${path}`,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: response.statusCode, body: (response.body === '' ? {} : response.json()) as Body };
}

const poolsOf = async (of: string) => (await call('GET', `/${of}/pools`)).body;

describe('adding a VPN server', () => {
  const input = (over: object = {}) => ({
    name: newId(),
    region: 'us-east',
    endpointHost: '203.0.113.9',
    sshHost: 'vpn.example.com',
    ...over,
  });

  test('gives it a random unique local prefix, and its interface the first address', async () => {
    const { status, body } = await call('POST', '', input({ poolCidr: '10.50.0.0/24' }));
    expect(status).toBe(201);
    const { server } = body as unknown as { server: { tunnelPrefix6: string; weight: number } };
    expect(server).toMatchObject({
      weight: 100,
      tunnelPrefix6: expect.stringMatching(/^fd.*::\/64$/) as string,
    });
    expect(rendered).toEqual(['10.50.0.1/24', server.tunnelPrefix6.replace('::/64', '::1/64')]);
  });

  test('without IPv6 in the tunnel, and with IPv6 endpoints', async () => {
    const { body } = await call(
      'POST',
      '',
      input({ tunnelPrefix6: null, endpointHost: '2001:db8::9', endpointHost6: '2001:db8::a' }),
    );
    expect(body).toMatchObject({
      server: { tunnelPrefix6: null, endpointHost: '2001:db8::9', endpointHost6: '2001:db8::a' },
    });
  });

  test.each([
    ['a pool with host bits', { poolCidr: '10.8.0.1/24' }, 400, 'invalid_request'],
    ['a pool that is IPv4 in IPv6', { poolCidr: '::ffff:10.8.0.0/120' }, 400, 'invalid_request'],
    ['a pool that holds its endpoint', { poolCidr: '203.0.113.0/24' }, 409, 'pool_overlap'],
    [
      'a pool that holds its SSH address',
      { sshHost: '10.8.0.7', poolCidr: '10.8.0.0/24' },
      409,
      'pool_overlap',
    ],
    ['a prefix that is no /64', { tunnelPrefix6: 'fd00::/48' }, 400, 'invalid_request'],
    ['an endpoint that is IPv4 in IPv6', { endpointHost: '::ffff:203.0.113.9' }, 400, 'invalid_request'],
    ['a second endpoint that is IPv4', { endpointHost6: '203.0.113.9' }, 400, 'invalid_request'],
  ])('with %s is refused, and nothing is kept', async (_name, over, status, code) => {
    const given = input(over);
    const answer = await call('POST', '', given);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    const { rowCount } = await database.pool.query('SELECT FROM servers WHERE name = $1', [given.name]);
    expect(rowCount).toBe(0);
  });

  test('with another one’s prefix is refused', async () => {
    const tunnelPrefix6 = 'fd99::/64';
    expect((await call('POST', '', input({ tunnelPrefix6 }))).status).toBe(201);
    expect((await call('POST', '', input({ tunnelPrefix6 }))).body.code).toBe('pool_overlap');
  });
});

describe('pools', () => {
  test.each([
    ['overlaps another', '10.9.0.128/25', 409, 'pool_overlap'],
    ['holds another', '10.9.0.0/16', 409, 'pool_overlap'],
    ['holds the VPN server’s endpoint', '203.0.113.0/24', 409, 'pool_overlap'],
    ['has host bits set', '10.10.0.1/24', 400, 'invalid_request'],
    ['is IPv4 in IPv6', '::ffff:10.10.0.0/120', 400, 'invalid_request'],
    ['is too large', '10.0.0.0/8', 400, 'invalid_request'],
    ['is too small', '10.10.0.0/30', 400, 'invalid_request'],
    ['is no range', '10.10.0.0', 400, 'invalid_request'],
  ])('one that %s is refused, and nothing is changed', async (_name, cidr, status, code) => {
    const before = await poolsOf(id);
    const answer = await call('POST', `/${id}/pools`, { cidr });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await poolsOf(id)).toEqual(before);
  });

  test('one is added, grown and removed', async () => {
    const { status, body } = await call('POST', `/${id}/pools`, { cidr: '10.20.0.0/29' });
    expect(status).toBe(201);
    const grown = await call('PATCH', `/${id}/pools/${body.id}`, { cidr: '10.20.0.0/28' });
    expect(grown).toMatchObject({ status: 200, body: { id: body.id, addresses: { free: 13 } } });
    const smaller = await call('PATCH', `/${id}/pools/${body.id}`, { cidr: '10.20.0.0/29' });
    expect(smaller).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cidr' }] } });
    expect((await call('DELETE', `/${id}/pools/${body.id}`)).status).toBe(204);
    expect((await call('PATCH', `/${id}/pools/${body.id}`, { cidr: '10.20.0.0/28' })).status).toBe(404);
  });
});

test('a VPN server, and a pool, with a device are not removed', async () => {
  const alice = await aTenantWithUser(database);
  await createDeviceStore(database.as('cvault_api'), 0).register(aDevice(alice, { serverId: id }));
  const { pools } = (await poolsOf(id)) as unknown as { pools: { id: string }[] };
  for (const path of [`/${id}`, `/${id}/pools/${pools[0]!.id}`]) {
    expect((await call('DELETE', path)).body.code).toBe('in_use');
  }
  expect(await poolsOf(id)).toMatchObject({ totalCount: 1 });
});

describe('maintenance', () => {
  test('drained, disabled and enabled; each again changes nothing', async () => {
    for (const [action, state] of [
      ['drain', 'draining'],
      ['disable', 'disabled'],
      ['enable', 'active'],
    ]) {
      for (let n = 0; n < 2; n++) {
        expect(await call('POST', `/${id}/${action}`)).toMatchObject({ status: 200, body: { state } });
      }
    }
    await call('POST', `/${id}/disable`);
    expect((await call('POST', `/${id}/drain`)).body.code).toBe('state_conflict');
  });

  test('evacuated: drains at once and tells how far it is', async () => {
    expect((await call('GET', `/${id}/evacuation`)).status).toBe(404);
    const begun = await call('POST', `/${id}/evacuate`, {});
    expect(begun).toMatchObject({ status: 202, body: { region: 'us-east', total: 0, finishedAt: null } });
    expect((await call('GET', `/${id}`)).body).toMatchObject({ state: 'draining' });
    expect(await call('GET', `/${id}/evacuation`)).toMatchObject({ status: 200, body: { moved: 0 } });
    await database.pool.query("UPDATE servers SET state = 'removing' WHERE id = $1", [id]);
    expect((await call('POST', `/${id}/evacuate`, {})).body.code).toBe('state_conflict');
  });

  test.each([
    [{ weight: -1 }, '/weight'],
    [{ weight: 10_001 }, '/weight'],
    [{ weight: 1.5 }, '/weight'],
    [{ endpointHost: 'vpn.example.com' }, '/endpointHost'],
    [{ endpointHost6: 'fe80::1%eth0' }, '/endpointHost6'],
    [{ endpointPort: 0 }, '/endpointPort'],
    [{ region: 'elsewhere' }, '/region'],
  ])('%o is refused', async (changes, pointer) => {
    const before = (await call('GET', `/${id}`)).body;
    const { status, body } = await call('PATCH', `/${id}`, changes);
    expect([status, body.errors[0]?.pointer]).toEqual([400, pointer]);
    expect((await call('GET', `/${id}`)).body).toEqual(before);
  });

  test('an endpoint in a pool is refused; a weight of 0 is not', async () => {
    expect((await call('PATCH', `/${id}`, { endpointHost: '10.9.0.77' })).body.code).toBe('pool_overlap');
    expect(await call('PATCH', `/${id}`, { weight: 0 })).toMatchObject({ status: 200, body: { weight: 0 } });
  });
});
