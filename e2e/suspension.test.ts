/**
 * Suspending or deleting a user or tenant, or signing out, ends credentials within a second on every replica and
 * packets within five. Resuming restores exactly that.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import {
  asUser,
  callAsAdmin,
  createCaller,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { type ControlPlane, makeSecrets } from './harness/control-plane.ts';
import { type SshVpnServer, startReplicas, startSshVpnServer } from './harness/platform.ts';
import { until } from './harness/until.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

/**
 * Generous limits that still exclude expiry of a remembered credential, a token or a WireGuard session.
 * bench/revocation.bench.ts measures the time; here a machine may be busy.
 */
const CREDENTIALS_MS = 20_000;
const PACKETS_MS = 20_000;
const PASSWORD = 'correct horse battery staple';

interface Person extends TestUser {
  readonly id: string;
  readonly email: string;
  readonly refreshToken: string;
}

interface SignedIn {
  readonly user: { readonly id: string };
  readonly accessToken: string;
  readonly refreshToken: string;
}

const secrets = makeSecrets();
let database: TestDatabase;
let planes: ControlPlane[];
let vpn: SshVpnServer;
let phones: [WireGuardClient, WireGuardClient];
let tenantId: string;
let apiKey: string;
let alice: Person;
let bob: Person;
let devices: [DeviceBody, DeviceBody];

const admin = (method: string, path: string, body?: object) =>
  must(
    callAsAdmin(planes[0]!.baseUrl, secrets.CVAULT_ADMIN_KEY)<{ id: string; key: string }>(
      method,
      path,
      body,
    ),
  );
const asTenant = (plane = planes[0]!) => createCaller(plane.baseUrl, { 'x-api-key': apiKey });
const as = (person: Person, plane: ControlPlane) => asUser(plane.baseUrl, apiKey, person.accessToken);

async function signUp(name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const signedIn = await must(
    asTenant()<SignedIn>('POST', '/api/v1/auth/register', { email, password: PASSWORD }),
  );
  const { accessToken, refreshToken } = signedIn;
  const call = asUser(planes[0]!.baseUrl, apiKey, accessToken);
  return { call, apiKey, tenantId, accessToken, refreshToken, email, id: signedIn.user.id };
}

beforeAll(async () => {
  database = await createTestDatabase();
  // Looks at VPN servers are rare here, so a timely removal must have been pushed.
  planes = await startReplicas(2, database.url.reveal(), secrets, { CVAULT_RECONCILE_SECONDS: '60' });
  vpn = await startSshVpnServer(planes[0]!, secrets, { poolCidr: '10.8.0.0/24', region: 'us-east' });
  const start = async (name: string) => startWireGuardClient((await vpn.internet.addClient(name)).namespace);
  phones = [await start('alice'), await start('bob')];
});

afterAll(async () => {
  for (const plane of planes ?? []) await plane.stop();
  for (const phone of phones ?? []) await phone.stop();
  await vpn?.stop();
  await database?.close();
});

beforeEach(async () => {
  tenantId = (await admin('POST', '/api/v1/admin/tenants', { name: randomUUID() })).id;
  apiKey = (await admin('POST', `/api/v1/admin/tenants/${tenantId}/api-keys`, { name: 'e2e', mode: 'live' }))
    .key;
  [alice, bob] = [await signUp('alice'), await signUp('bob')];
  devices = [await must(registerDevice(alice)), await must(registerDevice(bob))];
  for (const [at, phone] of phones.entries()) {
    await phone.down().catch(() => undefined);
    await phone.up(devices[at]!.config);
  }
  await Promise.all(phones.map(flows));
});

const page = (phone: WireGuardClient) => phone.fetch(vpn.internet.echoUrl, 500);
const flows = (phone: WireGuardClient) => until('packets flow', () => page(phone));

/** The time of the last page received, until two in a row are missing. */
async function lastPage(phone: WireGuardClient): Promise<number> {
  let last = 0;
  let without = 0;
  const start = performance.now();
  await until('packets stop', async () => {
    without = (await page(phone)) === undefined ? without + 1 : 0;
    if (without === 0) last = performance.now() - start;
    return without === 2;
  });
  return last;
}

/** Whether a credential works on a replica. */
const opens = {
  access: async (person: Person, plane: ControlPlane) =>
    (await as(person, plane)('GET', '/api/v1/me')).status === 200,
  key: async (plane: ControlPlane) =>
    (await asTenant(plane)('GET', '/api/v1/tenant/settings')).status === 200,
  refresh: async ({ refreshToken }: Person, plane: ControlPlane) =>
    (await asTenant(plane)('POST', '/api/v1/auth/refresh', { refreshToken })).status === 200,
};

/** Milliseconds until every replica refuses, starting with the one that was not called. */
async function refusedAfter(ask: (plane: ControlPlane) => Promise<boolean>): Promise<number> {
  const start = performance.now();
  for (const plane of [...planes].reverse()) await until('it is refused', async () => !(await ask(plane)));
  return performance.now() - start;
}

/**
 * All credentials of a person end in time. The refresh token is tried last, because a working one would be used up.
 */
async function endsFor(person: Person): Promise<void> {
  expect(await refusedAfter((plane) => opens.access(person, plane))).toBeLessThan(CREDENTIALS_MS);
  for (const plane of planes) expect(await opens.refresh(person, plane), 'the refresh token').toBe(false);
}

test('suspending a user ends their credentials and packets, but not another’s; resuming restores them', async () => {
  const laptop = await must(registerDevice(alice, { deviceName: 'laptop' }));
  const gone = await must(registerDevice(alice, { deviceName: 'gone' }));
  await must(asTenant()('POST', `/api/v1/tenant/devices/${laptop.id}/suspend`));
  await must(alice.call('DELETE', `/api/v1/devices/${gone.id}`));
  const peers = await vpn.peers();
  await must(asTenant()('POST', `/api/v1/tenant/users/${alice.id}/suspend`));
  const [last] = await Promise.all([lastPage(phones[0]), endsFor(alice)]);
  expect(last).toBeLessThan(PACKETS_MS);
  expect(await flows(phones[1])).toBe(vpn.network.publicAddress);
  expect(await opens.access(bob, planes[1]!)).toBe(true);
  expect(await vpn.peers()).toHaveLength(peers.length - 1);

  await must(asTenant(planes[1])('POST', `/api/v1/tenant/users/${alice.id}/resume`));
  // The same key with the same address, and no other peer; the phone has changed nothing.
  await until('the peer is back', async () => (await vpn.peers()).join() === peers.join());
  await phones[0].restart();
  expect(await flows(phones[0])).toBe(vpn.network.publicAddress);
  for (const plane of planes) expect(await opens.access(alice, plane)).toBe(true);
  expect(await opens.refresh(alice, planes[1]!)).toBe(true);
  const { devices: now } = await must(
    as(alice, planes[1]!)<{ devices: { id: string; status: string }[] }>('GET', '/api/v1/devices'),
  );
  expect(now.map(({ id, status }) => [id, status]).sort()).toEqual(
    [
      [devices[0].id, 'active'],
      [laptop.id, 'suspended'],
    ].sort(),
  );
});

test('suspending a tenant also ends its key and every tunnel; resuming restores them', async () => {
  const peers = await vpn.peers();
  await admin('POST', `/api/v1/admin/tenants/${tenantId}/suspend`);
  const ends = [refusedAfter(opens.key), endsFor(alice), endsFor(bob)] as const;
  const last = await Promise.all(phones.map(lastPage));
  expect(Math.max(...last)).toBeLessThan(PACKETS_MS);
  expect((await Promise.all(ends))[0]).toBeLessThan(CREDENTIALS_MS);
  expect(await vpn.peers()).toHaveLength(peers.length - 2);

  await admin('POST', `/api/v1/admin/tenants/${tenantId}/resume`);
  await until('the peers are back', async () => (await vpn.peers()).join() === peers.join());
  for (const phone of phones) {
    await phone.restart();
    expect(await flows(phone)).toBe(vpn.network.publicAddress);
  }
  for (const plane of planes) {
    expect(await opens.key(plane)).toBe(true);
    expect(await opens.access(bob, plane)).toBe(true);
  }
});

test('a deleted user or tenant has neither credentials nor tunnels', async () => {
  await must(asTenant()('DELETE', `/api/v1/tenant/users/${alice.id}`));
  const [last] = await Promise.all([lastPage(phones[0]), endsFor(alice)]);
  expect(last).toBeLessThan(PACKETS_MS);
  expect(await flows(phones[1])).toBe(vpn.network.publicAddress);
  await admin('DELETE', `/api/v1/admin/tenants/${tenantId}`);
  const [lastOfBob] = await Promise.all([lastPage(phones[1]), endsFor(bob)]);
  expect(lastOfBob).toBeLessThan(PACKETS_MS);
  expect(await refusedAfter(opens.key)).toBeLessThan(CREDENTIALS_MS);
});

test.each([
  ['signing out everywhere', (person: Person) => person.call('POST', '/api/v1/auth/logout-everywhere')],
  [
    'a change of the password, by another sign-in,',
    async (person: Person) => {
      const other = await must(
        asTenant()<SignedIn>('POST', '/api/v1/auth/login', { email: person.email, password: PASSWORD }),
      );
      return asUser(planes[0]!.baseUrl, apiKey, other.accessToken)('POST', '/api/v1/me/password', {
        currentPassword: PASSWORD,
        newPassword: 'staple battery horse correct',
      });
    },
  ],
])('%s ends the credentials on every replica, and no tunnel', async (_what, act) => {
  await must(act(alice));
  await endsFor(alice);
  expect(await opens.access(bob, planes[1]!)).toBe(true);
  for (const phone of phones) expect(await page(phone)).toBe(vpn.network.publicAddress);
});
