import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import { forgetAnswers } from '../platform/idempotency/forget-answers.job.ts';
import { aKey } from '../testing/fixtures.ts';
import { strictItems } from '../testing/items.ts';
import { createWholeApi, type SignedInUser, signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

/** Both processes share it: the second opens values that the first sealed. */
const keys = { CVAULT_MASTER_KEY: randomBytes(32).toString('base64') };

const test = base
  .extend('environment', { scope: 'file' }, keys)
  .extend('acme', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend('globex', { scope: 'file' }, ({ api }) => signUp(api, 'Globex'))
  .extend(
    'send',
    ({ api }) =>
      (tenant: SignedInUser, key: string, payload: object, url = '/devices', to = api) => {
        return to.app.inject({
          method: 'POST',
          url: `/api/v1${url}`,
          headers: { ...tenant.headers, 'idempotency-key': key },
          payload,
        });
      },
  )
  .extend(
    'countOf',
    ({ database }) =>
      async (name: string) =>
        (await database.pool.query('SELECT FROM devices WHERE name = $1', [name])).rowCount,
  )
  /** As the database is then: the device is there, the claim has no answer, and its time runs out. */
  .extend('died', ({ database, acme, send }) => async (key: string, body: object) => {
    const first = await send(acme, key, body);
    expect(first.statusCode, first.body).toBe(201);
    const { id } = first.json<{ id: string }>();
    await database.pool.query(
      'UPDATE idempotency_keys SET status = NULL, answer = NULL WHERE intended_id = $1',
      [id],
    );
    const runsOut = () =>
      database.pool.query(
        'UPDATE idempotency_keys SET claimed_until = now() - make_interval(secs => 1) WHERE intended_id = $1',
        [id],
      );
    return { first, id, runsOut };
  });

test('the same request again is answered the same and does nothing, on another replica too', async ({
  database,
  acme,
  send,
  countOf,
}) => {
  const [key, body] = [randomUUID(), { deviceName: 'once' }];
  const first = await send(acme, key, body);
  expect(first.statusCode, first.body).toBe(201);
  expect(first.headers['idempotent-replayed']).toBeUndefined();
  const restarted = await createWholeApi(database, keys);
  // Another process has its own tokens; only the master key opens the stored answer.
  const again = await send(acme, key, body);
  expect(again.headers['idempotent-replayed']).toBe('true');
  expect([again.statusCode, again.body, again.headers['location']]).toEqual([
    first.statusCode,
    first.body,
    first.headers['location'],
  ]);
  await restarted.close();
  expect(await countOf('once')).toBe(1);
  const { rows } = await database.pool.query<{ answer: Buffer }>('SELECT answer FROM idempotency_keys');
  expect(rows.map(({ answer }) => answer.toString('latin1')).join()).not.toContain('PrivateKey');
});

test('another body or route with the same key is refused; another tenant’s same key is its own', async ({
  acme,
  globex,
  send,
}) => {
  const key = randomUUID();
  await send(acme, key, { deviceName: 'mine' });
  for (const other of [
    await send(acme, key, { deviceName: 'other' }),
    await send(acme, key, { deviceName: 'mine' }, '/devices?wait=active'),
    await send(acme, key, { deviceId: randomUUID() }, '/vpn/connect'),
  ]) {
    expect(other.json()).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  }
  const own = await send(globex, key, { deviceName: 'mine' });
  expect(own.statusCode).toBe(201);
  expect(own.headers['idempotent-replayed']).toBeUndefined();
});

test('50 at once with one key make one device: one 201, the others the same answer or 409', async ({
  acme,
  send,
  countOf,
}) => {
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => send(acme, key, { deviceName: 'crowd' })),
  );
  expect(await countOf('crowd')).toBe(1);
  const made = answers.filter(
    (answer) => answer.statusCode === 201 && !answer.headers['idempotent-replayed'],
  );
  expect(made).toHaveLength(1);
  for (const answer of answers) {
    if (answer.statusCode === 201) expect(answer.body).toBe(made[0]!.body);
    else {
      expect(answer.json()).toMatchObject({ status: 409, code: 'request_in_flight' });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
  }
});

describe('a process that dies between the commit and the answer', () => {
  test.for([['with keys that are made here'], ['with a key of its own']] as const)(
    '%s: the next try waits, then finds the device that was made',
    async ([kind], { acme, send, countOf, died }) => {
      const own = kind.endsWith('own') ? { publicKey: aKey() } : {};
      const [key, body] = [randomUUID(), { deviceName: `died ${kind}`, ...own }];
      const { first, id, runsOut } = await died(key, body);
      expect((await send(acme, key, body)).json()).toMatchObject({ code: 'request_in_flight' });
      await runsOut();
      const next = await send(acme, key, body);
      expect(next.statusCode, next.body).toBe(201);
      expect(next.json()).toMatchObject({ id, config: first.json<{ config: string }>().config });
      expect(await countOf(body.deviceName)).toBe(1);
      expect((await send(acme, key, body)).headers['idempotent-replayed']).toBe('true');
    },
  );

  test('and whose device was deleted since makes no second one', async ({ acme, send, countOf, died }) => {
    const [key, body] = [randomUUID(), { deviceName: 'deleted since' }];
    const { id, runsOut } = await died(key, body);
    await acme.call('DELETE', `/devices/${id}`);
    await runsOut();
    expect((await send(acme, key, body)).json()).toMatchObject({ code: 'state_conflict' });
    expect(await countOf(body.deviceName)).toBe(1);
  });
});

test('a request that is wrong, or was refused for now, can be corrected under the same key', async ({
  acme,
  send,
}) => {
  const key = randomUUID();
  expect((await send(acme, key, { deviceName: '' })).statusCode).toBe(400);
  expect((await send(acme, key, { deviceName: 'x', region: 'nowhere' })).statusCode).toBe(400);
  expect((await send(acme, key, { deviceName: 'corrected' })).statusCode).toBe(201);
  for (const bad of ['', 'a b', 'ä', 'x'.repeat(256)])
    expect((await send(acme, bad, { deviceName: 'y' })).statusCode, bad).toBe(400);
});

test('every write takes it: sign-up, the tenant’s own and the operator’s', async ({ api, acme, globex }) => {
  const key = randomUUID();
  const twice = async (url: string, payload: object, headers: Record<string, string>) => {
    const call = () =>
      api.app.inject({
        method: 'POST',
        url: `/api/v1${url}`,
        headers: { ...headers, 'idempotency-key': key },
        payload,
      });
    const [first, again] = [await call(), await call()];
    expect(first.statusCode, first.body).toBe(201);
    expect(again.body).toBe(first.body);
    expect(again.headers['idempotent-replayed']).toBe('true');
  };
  const apiKey = { 'x-api-key': acme.headers['x-api-key']! };
  await twice('/auth/register', { email: 'twice@example.com', password: 'correct horse battery' }, apiKey);
  const other = { 'x-api-key': globex.headers['x-api-key']! };
  await twice('/tenant/users', { email: 'made@example.com' }, other);
  await twice('/admin/tenants', { name: 'Made twice' }, { authorization: `Bearer ${api.adminKey}` });
});

test('what is a day old is forgotten', async ({ database, acme, send }) => {
  const key = randomUUID();
  await send(acme, key, { deviceName: 'old' });
  await database.pool.query("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'");
  await forgetAnswers(database.as('cvault_jobs')).run(strictItems());
  expect((await database.pool.query('SELECT FROM idempotency_keys')).rowCount).toBe(0);
});
