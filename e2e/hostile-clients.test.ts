/**
 * Five hundred sockets without a credential beside a well-behaved tenant, which must notice nothing. Against the
 * API as in production.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import { aServer } from '../packages/api/src/testing/fixtures.ts';
import {
  callAsAdmin,
  createCaller,
  createUser,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from './harness/control-plane.ts';
import { startHostileClients } from './harness/hostile-clients.ts';

const SOCKETS = 500;
const SECONDS = 60;
const PAUSE_MS = 50;
const secrets = makeSecrets();

let database: TestDatabase;
let plane: ControlPlane;
let alice: TestUser;

beforeAll(async () => {
  database = await createTestDatabase();
  await aServer(database);
  plane = await startControlPlane(database.url.reveal(), secrets, {
    CORS_ORIGINS: 'https://app.acme.dev',
  });
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
});
afterAll(async () => {
  await plane?.stop();
  await database?.close();
});

/** Calls the API like an app until the time is over, and records each answer. */
async function behave(until: number, note: (what: string, status: number) => void): Promise<void> {
  const backend = createCaller(plane.baseUrl, { 'x-api-key': alice.apiKey });
  const device = await must(registerDevice(alice));
  const calls: [string, string, object?][] = [
    ['GET', '/api/v1/me'],
    ['GET', '/api/v1/devices'],
    ['GET', `/api/v1/devices/${device.id.toUpperCase()}`],
    ['PATCH', `/api/v1/devices/${device.id}`, { deviceName: 'phone' }],
    ['GET', '/api/v1/vpn/status'],
  ];
  for (let n = 0; performance.now() < until; n++) {
    const [method, path, body] = calls[n % calls.length]!;
    const { status } = await alice.call(method, path, body);
    note(`${method} ${path.replace(/\/[0-9a-f-]{36}/i, '/:id')}`, status);
    if (n % 100 === 0) note('list of users', (await backend('GET', '/api/v1/tenant/users')).status);
    await sleep(PAUSE_MS);
  }
}

test(
  'all of its requests are answered 2xx, and a key that is made meanwhile works at once',
  { timeout: SECONDS * 1_000 + 120_000 },
  async () => {
    const answers = new Map<string, number>();
    const note = (what: string, status: number) => {
      const name = `${what} ${status}`;
      answers.set(name, (answers.get(name) ?? 0) + 1);
    };
    const hostile = await startHostileClients(plane.baseUrl, SOCKETS);
    const end = performance.now() + SECONDS * 1_000;
    const loops = [behave(end, note), behave(end, note), behave(end, note), behave(end, note)];
    const admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
    while (performance.now() < end) {
      const { key } = await must(
        admin<{ key: string }>('POST', `/api/v1/admin/tenants/${alice.tenantId}/api-keys`, { name: 'new' }),
      );
      const fresh = createCaller(plane.baseUrl, { 'x-api-key': key });
      note('a new key', (await fresh('GET', '/api/v1/tenant/devices')).status);
      await sleep(5_000);
    }
    await Promise.all(loops);
    const deeds = await hostile.stop();
    process.stdout.write(
      `hostile clients: ${JSON.stringify(deeds)}\nthe tenant: ${JSON.stringify([...answers])}\n`,
    );

    const refused = [...answers].filter(([name]) => !/ 2\d\d$/.test(name));
    expect(refused).toEqual([]);
    // Each kind was active all the time, and none made the API fail.
    for (const [kind, { connections, statuses }] of Object.entries(deeds)) {
      expect(connections, kind).toBeGreaterThan(0);
      expect(
        Object.keys(statuses).filter((status) => /^5/.test(status) && status !== '503'),
        kind,
      ).toEqual([]);
    }
    // Clients above their limit are told, whatever they request.
    for (const kind of [
      'asks for nothing that is there',
      'makes keys up',
      'asks for preflights',
      'reads the page',
    ]) {
      expect(deeds[kind]?.statuses, kind).toHaveProperty('429');
    }
    expect(plane.log().match(/^.*"level":"(error|fatal)".*$/gm)).toBeNull();
  },
);
