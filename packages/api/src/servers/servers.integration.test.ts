/** The operator's requests about VPN servers. A refused one changes nothing. */
import { Secret } from '../platform/crypto/secret.ts';
import { createVault } from '../platform/crypto/vault.ts';
import { CVaultError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Probe } from './ports.ts';
import type { Server } from './server.ts';
import { createServerService } from './service.ts';
import { generateKeyPair } from '@cvault/wireguard';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createDeviceStore } from '../devices/store.ts';
import { createServerStore } from './store.ts';
import { ADMIN_KEY, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { serverRoutes } from './routes.ts';

interface Body {
  readonly id: string;
  readonly code: string;
  readonly errors: { readonly pointer: string }[];
}

let database: TestDatabase;
let app: TestApp;
let rendered: readonly string[] = [];
/** How the VPN server answers, and the access that was used. */
let answers: () => Promise<Probe>;
let probed: Server | undefined;
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
      probe: (server) => {
        probed = server;
        return answers();
      },
    },
    installer: {
      agentVersion: '9.9.9',
      render: ({ tunnelAddresses }) => {
        rendered = tunnelAddresses;
        return 'script';
      },
    },
    newControlKey: () => ({ privateKey: new Secret('private'), publicKey: 'public' }),
    publicKeyOf: () => 'public',
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
  probed = undefined;
  answers = () =>
    Promise.resolve({
      connectMs: 1,
      roundTripMs: 1,
      agentVersion: '9.9.9',
      interfaceName: 'wg0',
      peerCount: 0,
    });
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
    [
      'a pool that holds its endpoint',
      { endpointHost: '10.50.7.7', poolCidr: '10.50.7.0/24' },
      409,
      'pool_overlap',
    ],
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
    if (code === 'invalid_request') {
      expect(Object.keys(over).map((field) => `/${field}`)).toContain(answer.body.errors[0]?.pointer);
    }
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
    ['holds the VPN server’s endpoint', '10.33.0.0/24', 409, 'pool_overlap'],
    ['has host bits set', '10.10.0.1/24', 400, 'invalid_request'],
    ['is IPv4 in IPv6', '::ffff:10.10.0.0/120', 400, 'invalid_request'],
    ['is too large', '10.0.0.0/8', 400, 'invalid_request'],
    ['is too small', '10.10.0.0/30', 400, 'invalid_request'],
    ['is no range', '10.10.0.0', 400, 'invalid_request'],
  ])('one that %s is refused, and nothing is changed', async (_name, cidr, status, code) => {
    await database.pool.query("UPDATE servers SET endpoint_host = '10.33.0.7' WHERE id = $1", [id]);
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

  test('evacuated: drains at once and reports its progress', async () => {
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

describe('activating and repairing', () => {
  const HOST_KEY = `ssh-ed25519 ${'A'.repeat(68)}`;
  const newKey = () => generateKeyPair().publicKey.toString('base64');
  const pins = async (of: string) =>
    (
      await database.pool.query(
        'SELECT state, encode(public_key, \'base64\') AS key, ssh_host_keys AS "hostKeys" FROM servers WHERE id = $1',
        [of],
      )
    ).rows[0] as { state: string; key: string | null; hostKeys: string[] } | undefined;
  const activate = (of: string, interfacePublicKey: string, over: object = {}) =>
    call('POST', `/${of}/activate`, { interfacePublicKey, hostKeys: [HOST_KEY], ...over });

  async function added(): Promise<string> {
    const input = {
      name: newId(),
      region: 'us-east',
      endpointHost: '203.0.113.9',
      sshHost: 'vpn.example.com',
    };
    const { body } = await call('POST', '', input);
    return (body as unknown as { server: { id: string } }).server.id;
  }

  test('connects with the reported host keys before it pins them', async () => {
    const of = await added();
    const key = newKey();
    let pinnedMeanwhile: unknown;
    const answer = answers;
    answers = async () => {
      pinnedMeanwhile = await pins(of);
      return answer();
    };
    expect((await activate(of, key)).status).toBe(200);
    expect([probed?.ssh?.hostKeys, probed?.publicKey?.toString('base64')]).toEqual([[HOST_KEY], key]);
    expect(pinnedMeanwhile).toEqual({ state: 'provisioning', key: null, hostKeys: [] });
    expect(await pins(of)).toEqual({ state: 'active', key, hostKeys: [HOST_KEY] });
  });

  test('one that does not answer is as it was, and is activated once it does', async () => {
    const of = await added();
    const key = newKey();
    const answer = answers;
    answers = () =>
      Promise.reject(new CVaultError('server_unreachable', 'The VPN server cannot be reached.'));
    expect(await activate(of, key)).toMatchObject({ status: 503, body: { code: 'server_unreachable' } });
    expect(await pins(of)).toEqual({ state: 'provisioning', key: null, hostKeys: [] });
    answers = answer;
    expect((await activate(of, key)).status).toBe(200);
  });

  test('a key that is in use is refused, and nothing is pinned', async () => {
    const [one, other] = [await added(), await added()];
    const key = newKey();
    expect((await activate(one, key)).status).toBe(200);
    expect((await activate(other, key)).body.code).toBe('public_key_taken');
    expect(await pins(other)).toEqual({ state: 'provisioning', key: null, hostKeys: [] });
  });

  test('again: pins new host keys, and keeps the state', async () => {
    const of = await added();
    const key = newKey();
    await activate(of, key);
    await call('POST', `/${of}/drain`);
    const other = `ssh-ed25519 ${'B'.repeat(68)}`;
    expect((await activate(of, key, { hostKeys: [other] })).status).toBe(200);
    expect(await pins(of)).toEqual({ state: 'draining', key, hostKeys: [other] });
  });

  test('with another key only if replaceKey says so', async () => {
    const of = await added();
    const [key, next] = [newKey(), newKey()];
    await activate(of, key);
    expect((await activate(of, next)).body.code).toBe('state_conflict');
    expect((await pins(of))?.key).toBe(key);
    expect((await activate(of, next, { replaceKey: true })).status).toBe(200);
    expect((await pins(of))?.key).toBe(next);
  });

  test('the script is to be had again; where nothing was ever installed, it is not', async () => {
    expect(await call('GET', `/${await added()}/installation`)).toMatchObject({
      status: 200,
      body: { installation: 'script' },
    });
    expect((await call('GET', `/${id}/installation`)).body.code).toBe('state_conflict');
    expect((await call('GET', `/${newId()}/installation`)).status).toBe(404);
  });

  test('one that was never activated leaves no row', async () => {
    const of = await added();
    expect((await call('DELETE', `/${of}`)).status).toBe(204);
    expect(await pins(of)).toBeUndefined();
    expect((await call('DELETE', `/${of}`)).status).toBe(404);
  });
});

test('an evacuation into a region that has no other VPN server is refused, and names those that have', async () => {
  await aServer(database, { cidr: '10.9.0.0/24', region: 'eu-west' });
  const before = (await call('GET', `/${id}`)).body;
  const refused = await call('POST', `/${id}/evacuate`, { region: 'eu-wets' });
  expect(refused).toMatchObject({
    status: 400,
    body: { code: 'unknown_region', errors: [{ pointer: '/region' }] },
  });
  const { detail } = refused.body as unknown as { detail: string };
  expect(detail).toContain('Did you mean eu-west?');
  expect(detail).toContain('us-east');
  expect(await call('GET', `/${id}`)).toMatchObject({ body: before });
  expect((await call('GET', `/${id}/evacuation`)).status).toBe(404);
  expect((await call('POST', `/${id}/evacuate`, { region: 'eu-west' })).status).toBe(202);
});
