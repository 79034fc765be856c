import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aTenantWithKey, createTestApp, type TestApp } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';

const PASSWORD = 'correct horse battery staple';
const WRONG = 'incorrect horse battery staple';

let database: TestDatabase;
let replicas: readonly TestApp[];
let apiKey: string;
beforeAll(async () => {
  database = await createTestDatabase();
  const first = await createTestApp(database);
  replicas = [first, await createTestApp(database, { masterKey: first.masterKey })];
  ({ apiKey } = await aTenantWithKey(database));
});
afterAll(async () => {
  for (const replica of replicas) await replica.close();
  await database.close();
});

const anEmail = () => `${randomUUID()}@example.com`;

function post(path: string, payload: object, client = '192.0.2.1', headers = {}, replica = replicas[0]!) {
  return replica.app.inject({
    method: 'POST',
    url: `/api/v1${path}`,
    headers: { 'x-api-key': apiKey, ...headers },
    payload,
    remoteAddress: client,
  });
}
const login = (email: string, password: string, client?: string, replica?: TestApp) =>
  post('/auth/login', { email, password }, client, {}, replica);

async function signedUp() {
  const email = anEmail();
  const answer = await post('/auth/register', { email, password: PASSWORD });
  expect(answer.statusCode).toBe(201);
  return { email, accessToken: answer.json<{ accessToken: string }>().accessToken };
}

/** The tries that came back while `work` ran. */
async function tries(everySeconds: number, work: () => Promise<number>, burst: number) {
  const began = Date.now();
  const looked = await work();
  const back = Math.floor((Date.now() - began) / 1_000 / everySeconds);
  expect(looked).toBeGreaterThanOrEqual(burst);
  expect(looked).toBeLessThanOrEqual(burst + back);
}

async function wrongAtOnce(email: string, client: (index: number) => string) {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => login(email, WRONG, client(index), replicas[index % 2])),
  );
  const count = (status: number) => answers.filter(({ statusCode }) => statusCode === status).length;
  expect(count(401) + count(429)).toBe(200);
  return count(401);
}

test('of 200 concurrent wrong passwords from one client over two replicas, 10 are checked; another client gets in', async () => {
  const { email } = await signedUp();
  await tries(90, () => wrongAtOnce(email, () => '198.51.100.7'), 10);
  const locked = await login(email, PASSWORD, '198.51.100.7');
  expect(locked.statusCode).toBe(429);
  expect(Number(locked.headers['retry-after'])).toBeLessThanOrEqual(90);
  expect((await login(email, PASSWORD, '203.0.113.9')).statusCode).toBe(200);
});

test('from 200 clients, 50 are checked, and nobody is locked out for longer than half a minute', async () => {
  const { email } = await signedUp();
  await tries(30, () => wrongAtOnce(email, (index) => `198.51.100.${index}`), 50);
  const answer = await login(email, PASSWORD, '203.0.113.9');
  if (answer.statusCode === 200) return;
  expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(30);
  await database.pool.query("UPDATE sign_in_tries SET spent_until = spent_until - interval '31 seconds'");
  expect((await login(email, PASSWORD, '203.0.113.9')).statusCode).toBe(200);
});

test('an unknown e-mail gets the same answers, before and after too many tries', async () => {
  const { email } = await signedUp();
  const stranger = anEmail();
  const see = async (address: string) => {
    const { statusCode, headers, ...answer } = await login(address, WRONG, '198.51.100.8');
    return {
      statusCode,
      headers: Object.keys(headers).sort(),
      body: { ...answer.json<object>(), requestId: '', instance: '' },
    };
  };
  for (let time = 0; time < 12; time++) expect(await see(email)).toEqual(await see(stranger));
  expect((await see(stranger)).statusCode).toBe(429);
});

test('right passwords cost no tries', async () => {
  const { email } = await signedUp();
  for (let time = 0; time < 15; time++) expect((await login(email, PASSWORD)).statusCode).toBe(200);
});

test('password changes and sign-ins share one count', async () => {
  const { email, accessToken } = await signedUp();
  const change = (currentPassword: string) =>
    post('/me/password', { currentPassword, newPassword: 'another good passphrase' }, '198.51.100.9', {
      authorization: `Bearer ${accessToken}`,
    });
  for (let time = 0; time < 5; time++) {
    expect((await change(WRONG)).statusCode).toBe(401);
    expect((await login(email, WRONG, '198.51.100.9')).statusCode).toBe(401);
  }
  expect((await change(PASSWORD)).statusCode).toBe(429);
  expect((await login(email, PASSWORD, '198.51.100.9')).statusCode).toBe(429);
});

test('stored counts reveal nothing about their subjects', async () => {
  const { email } = await signedUp();
  await login(email, WRONG, '198.51.100.10');
  const { rows } = await database.pool.query<{ row: string }>(
    "SELECT encode(subject, 'escape') AS row FROM sign_in_tries",
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const { row } of rows) expect(row).not.toMatch(/example|198\.51/);
});

test('a user without a password cannot sign in with one', async () => {
  const { email } = await signedUp();
  await database.pool.query('UPDATE tenant_users SET password_hash = NULL WHERE email = $1', [email]);
  expect((await login(email, PASSWORD)).json()).toMatchObject({ code: 'invalid_credentials' });
});
