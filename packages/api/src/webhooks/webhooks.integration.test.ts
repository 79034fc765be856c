/** Webhooks from a tenant developer's view: created, received, verified, replayed. */
import { newId } from '../platform/ids.ts';
import { Webhook } from 'standardwebhooks';
import { describe, expect } from 'vitest';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';
import { TEST_EVENT, WEBHOOK_EVENTS, type WebhookEventType } from './events.ts';

const PATH = '/tenant/webhook-endpoints';

interface Endpoint {
  id: string;
  secret: string;
  enabled: boolean;
  disabledReason: string | null;
}
const isVerified = (secret: string, { body, headers }: { body: string; headers: Record<string, string> }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
};

const test = base
  .extend('environment', { scope: 'file' }, { CVAULT_OUTBOUND_ALLOW: '127.0.0.1' })
  .extend('alice', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend('mallory', { scope: 'file' }, ({ api }) => signUp(api, 'Mallory & Sons'))
  .extend(
    'anEndpoint',
    ({ receiver, alice }) =>
      async (settings: object = {}, path = '/hook'): Promise<Endpoint> => {
        const answer = await alice.call('POST', PATH, { url: receiver.url + path, ...settings });
        expect(answer.statusCode).toBe(201);
        return answer.json<Endpoint>();
      },
  )
  .extend(
    'remove',
    ({ alice }) =>
      (endpoint: Endpoint) =>
        alice.call('DELETE', `${PATH}/${endpoint.id}`),
  )
  .extend(
    'due',
    ({ database }) =>
      () =>
        database.pool.query(
          "UPDATE webhook_deliveries SET due_at = now() - make_interval(secs => 1) WHERE state = 'pending'",
        ),
  );

test.beforeEach(async ({ database, receiver }) => {
  receiver.messages.length = 0;
  receiver.answer = null;
  await database.pool.query('DELETE FROM webhook_endpoints');
});

test('a device’s life is reported in signed messages without private data', async ({
  receiver,
  alice,
  anEndpoint,
}) => {
  const { secret } = await anEndpoint();
  const registered = await alice.call('POST', '/devices', { deviceName: 'Phone of Alice' });
  const device = registered.json<{ id: string; assignedIp: string; config: string }>();
  await alice.call('POST', '/vpn/connect', { deviceId: device.id });
  await alice.call('POST', `/devices/${device.id}/rotate`, {});
  await alice.call('DELETE', `/devices/${device.id}`);
  const messages = await receiver.until(6);
  expect(messages.map(({ type }) => type).sort()).toEqual([
    'device.active',
    'device.created',
    'device.deleted',
    'device.rotated',
    'session.closed',
    'session.opened',
  ]);
  for (const message of messages) {
    expect(new Webhook(secret).verify(message.body, message.headers)).toMatchObject({
      type: message.type,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/) as string,
      data: { deviceId: device.id },
    });
    expect(isVerified(secret, { ...message, body: message.body.replace('device', 'devise') })).toBe(false);
    expect(message.body).not.toMatch(/Phone|@|\b\d+\.\d+\.\d+\.\d+\b|[A-Za-z0-9+/]{43}=/);
  }
  expect(new Set(messages.map(({ headers }) => headers['webhook-id'])).size).toBe(6);
});

test('an endpoint gets only the events it subscribed to, and another tenant’s gets none', async ({
  database,
  receiver,
  alice,
  mallory,
  anEndpoint,
}) => {
  await anEndpoint({ events: ['device.deleted'] });
  await mallory.call('POST', PATH, { url: `${receiver.url}/mallory` });
  const { id } = (await alice.call('POST', '/devices', { deviceName: 'x' })).json<{ id: string }>();
  await alice.call('DELETE', `/devices/${id}`);
  await receiver.until(1);
  const { rows } = await database.pool.query<{ type: string; tenant_id: string }>(
    "SELECT type, tenant_id FROM webhook_events WHERE data ->> 'deviceId' = $1",
    [id],
  );
  expect(rows).toEqual([{ type: 'device.deleted', tenant_id: alice.tenantId }]);
  expect(receiver.messages.map(({ path }) => path)).toEqual(['/hook']);
});

test('overlapping secrets both sign, and a secret is shown once', async ({
  database,
  receiver,
  alice,
  anEndpoint,
}) => {
  const first = await anEndpoint();
  const rotated = await alice.call('POST', `${PATH}/${first.id}/rotate-secret`, {});
  const second = rotated.json<Endpoint>();
  await alice.call('POST', `${PATH}/${first.id}/test`);
  const [message] = await receiver.until(1);
  expect([first.secret, second.secret].map((secret) => isVerified(secret, message!))).toEqual([true, true]);
  const third = (
    await alice.call('POST', `${PATH}/${first.id}/rotate-secret`, { overlapSeconds: 0 })
  ).json<Endpoint>();
  await alice.call('POST', `${PATH}/${first.id}/test`);
  await receiver.until(2);
  const verified = [first, second, third].map(({ secret }) => isVerified(secret, receiver.messages[1]!));
  expect(verified).toEqual([false, false, true]);
  for (const { secret } of [first, second, third]) {
    expect(Buffer.from(secret.replace('whsec_', ''), 'base64')).toHaveLength(32);
    expect((await alice.call('GET', PATH)).body).not.toContain(secret);
    const dump = await database.pool.query("SELECT encode(secret, 'escape') AS text FROM webhook_endpoints");
    expect(JSON.stringify(dump.rows)).not.toContain(secret.slice(6));
  }
});

test('a failed message is retried under its id, and replayed on request after its last attempt', async ({
  receiver,
  alice,
  anEndpoint,
  due,
}) => {
  const { id } = await anEndpoint();
  receiver.answer = (_message, response) => response.writeHead(302, { location: receiver.url }).end('CANARY');
  const sent = (await alice.call('POST', `${PATH}/${id}/test`)).json<{ messageId: string }>();
  const one = `${PATH}/${id}/deliveries/${sent.messageId}`;
  const detail = async () =>
    (await alice.call('GET', one)).json<{ state: string; attempts: number; log: object[] }>();
  for (let attempt = 1; attempt <= 10; attempt++) {
    await due();
    await receiver.until(attempt);
    await expect.poll(async () => (await detail()).attempts).toBe(attempt);
  }
  expect(new Set(receiver.messages.map(({ headers }) => headers['webhook-id']))).toEqual(
    new Set([sent.messageId]),
  );
  expect(new Set(receiver.messages.map(({ body }) => body)).size).toBe(1);
  const failed = await detail();
  expect(failed).toMatchObject({ state: 'failed', attempts: 10 });
  expect(failed.log[0]).toMatchObject({ status: 302, fault: 'redirect' });
  expect(JSON.stringify(failed)).not.toContain('CANARY');
  receiver.answer = null;
  const replayed = await alice.call('POST', `${PATH}/${id}/replay`, { since: '2026-01-01T00:00:00Z' });
  expect(replayed.json()).toEqual({ replayed: 1 });
  await receiver.until(11);
  await expect.poll(async () => (await detail()).state).toBe('delivered');
  await alice.call('POST', `${one}/replay`);
  await receiver.until(12);
  const list = await alice.call('GET', `${PATH}/${id}/deliveries?limit=1`);
  expect(list.json<{ deliveries: object[] }>().deliveries).toHaveLength(1);
});

test('a 410 or three days of failures disable an endpoint, and the others are notified', async ({
  database,
  receiver,
  alice,
  anEndpoint,
  due,
}) => {
  const [gone, failing, witness] = [
    await anEndpoint({ events: ['device.moved'] }, '/gone'),
    await anEndpoint({ events: ['device.moved'] }, '/failing'),
    await anEndpoint({ events: ['webhook_endpoint.disabled'] }, '/witness'),
  ];
  receiver.answer = ({ path }, response) =>
    response.writeHead({ '/gone': 410, '/failing': 500 }[path] ?? 204).end();
  await alice.call('POST', `${PATH}/${gone.id}/test`);
  await alice.call('POST', `${PATH}/${failing.id}/test`);
  await receiver.until(3);
  await expect
    .poll(async () => {
      const { rows } = await database.pool.query(
        'SELECT FROM webhook_endpoints WHERE failing_since IS NOT NULL',
      );
      return rows.length;
    })
    .toBe(2);
  await database.pool.query(
    "UPDATE webhook_endpoints SET failing_since = now() - interval '73 hours' WHERE id = $1",
    [failing.id],
  );
  await due();
  await receiver.until(5);
  const told = receiver.messages.filter(({ path }) => path === '/witness').map(({ body }) => body);
  expect(told.map((body) => (JSON.parse(body) as { data: object }).data)).toEqual([
    { endpointId: gone.id, reason: 'gone' },
    { endpointId: failing.id, reason: 'failing' },
  ]);
  const states = (await alice.call('GET', PATH)).json<{ webhookEndpoints: Endpoint[] }>().webhookEndpoints;
  expect(states.map(({ id, enabled, disabledReason }) => [id, enabled, disabledReason])).toEqual([
    [gone.id, false, 'gone'],
    [failing.id, false, 'failing'],
    [witness.id, true, null],
  ]);
  const enabled = await alice.call('PATCH', `${PATH}/${failing.id}`, { enabled: true });
  expect(enabled.json()).toMatchObject({ enabled: true, disabledReason: null, failingSince: null });
});

test('a suspended tenant’s webhooks wait until it is resumed', async ({
  receiver,
  api,
  alice,
  anEndpoint,
}) => {
  await anEndpoint({ events: ['device.suspended', 'device.resumed'] });
  const device = (await alice.call('POST', '/devices', { deviceName: 'x' })).json<{ id: string }>();
  const admin = { authorization: `Bearer ${api.adminKey}` };
  const set = (what: string) =>
    api.app.inject({
      method: 'POST',
      url: `/api/v1/admin/tenants/${alice.tenantId}/${what}`,
      headers: admin,
    });
  await set('suspend');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(receiver.messages).toEqual([]);
  await set('resume');
  const messages = await receiver.until(2);
  expect(messages.map(({ type }) => type).sort()).toEqual(['device.resumed', 'device.suspended']);
  await alice.call('DELETE', `/devices/${device.id}`);
});

test('what the database writes holds what the table of events says, field by field', async ({
  database,
  alice,
  anEndpoint,
}) => {
  await anEndpoint();
  const made = await alice.call('POST', '/tenant/users', { email: 'carol@example.com' });
  const { id } = made.json<{ id: string }>();
  for (const action of ['suspend', 'resume']) await alice.call('POST', `/tenant/users/${id}/${action}`);
  const { id: deviceId } = (await alice.call('POST', '/devices', { deviceName: 'told' })).json<{
    id: string;
  }>();
  for (const action of ['suspend', 'resume'])
    await alice.call('POST', `/tenant/devices/${deviceId}/${action}`);
  await alice.call('POST', '/vpn/connect', { deviceId });
  await alice.call('POST', `/devices/${deviceId}/rotate`, {});
  await alice.call('DELETE', `/devices/${deviceId}`);
  await alice.call('POST', '/devices', { deviceName: 'stays' });
  const other = await anEndpoint();
  await database.pool.query(
    `UPDATE webhook_endpoints SET disabled_reason = 'failing', disabled_at = now() WHERE id = $1`,
    [other.id],
  );
  for (const change of ["state = 'draining'", "state = 'disabled'", "state = 'active'"]) {
    await database.pool.query(`UPDATE servers SET ${change}`);
  }
  for (const since of ['now()', 'NULL']) {
    await database.pool.query(`UPDATE servers SET unreachable_since = ${since}`);
  }
  for (const percent of [80, 100]) {
    await database.pool.query(
      `INSERT INTO usage_warnings (tenant_id, subject_id, starts_at, percent, limit_bytes, used_bytes)
       VALUES ($1, $1, now(), $2, 1000, 900)`,
      [alice.tenantId, percent],
    );
  }
  const { rows } = await database.pool.query<{ type: string; data: unknown }>(
    'SELECT type, data FROM webhook_events WHERE type <> $1',
    [TEST_EVENT],
  );
  const faults = rows.flatMap(({ type, data }) => {
    const { error } = WEBHOOK_EVENTS[type as WebhookEventType].data.safeParse(data);
    return error === undefined ? [] : [{ type, data, error: error.message }];
  });
  expect(faults).toEqual([]);
  const untold = Object.keys(WEBHOOK_EVENTS).filter((type) => !rows.some((row) => row.type === type));
  // Other suites bring these about: two VPN servers, an agent that refuses, weeks that pass, a user that is gone.
  expect(untold).toEqual(['device.failed', 'device.moved', 'device.key_expiring', 'user.deleted']);
  expect(rows).toContainEqual({
    type: 'device.suspended',
    data: expect.objectContaining({ deviceId, reasons: ['device'] }) as object,
  });
});

describe('refused', () => {
  test.for([
    ['an inner address', { url: 'https://169.254.169.254/latest' }],
    ['an inner address in disguise', { url: 'https://[::ffff:10.0.0.1]/' }],
    // secretlint-disable-next-line -- made up
    ['credentials', { url: 'https://user:word@example.com/' }],
    ['another scheme', { url: 'ftp://example.com/' }],
    ['no URL', { url: 'nowhere' }],
    ['an unknown event', { url: 'https://example.com/', events: ['device.*'] }],
    ['an event twice', { url: 'https://example.com/', events: ['device.moved', 'device.moved'] }],
    ['a secret of one’s own', { url: 'https://example.com/', secret: 'whsec_AAAA' }],
    ['a tenant', { url: 'https://example.com/', tenantId: newId() }],
  ] as const)('%s', async ([, body], { alice }) => {
    const answer = await alice.call('POST', PATH, body);
    expect(answer.statusCode).toBe(400);
    expect((await alice.call('GET', PATH)).json()).toEqual({ webhookEndpoints: [] });
  });

  test('an eleventh endpoint, even of twenty concurrent ones', async ({ receiver, alice }) => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => alice.call('POST', PATH, { url: receiver.url })),
    );
    const codes = answers.map(({ statusCode }) => statusCode).sort();
    expect(codes).toEqual([...Array<number>(10).fill(201), ...Array<number>(10).fill(409)]);
  });

  test('another tenant’s endpoint, like an unknown one', async ({
    receiver,
    alice,
    mallory,
    anEndpoint,
    remove,
  }) => {
    const { id } = await anEndpoint();
    const { messageId } = (await alice.call('POST', `${PATH}/${id}/test`)).json<{ messageId: string }>();
    const own = await mallory.call('POST', PATH, { url: receiver.url });
    const attempts: ['GET' | 'POST' | 'PATCH' | 'DELETE', string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { url: 'https://example.com/' }],
      ['POST', '/rotate-secret', {}],
      ['POST', '/test'],
      ['GET', '/deliveries'],
      ['GET', `/deliveries/${messageId}`],
      ['POST', `/deliveries/${messageId}/replay`],
      ['POST', '/replay', { since: '2026-01-01T00:00:00Z' }],
      ['DELETE', ''],
    ];
    for (const [method, path, body] of attempts) {
      const [theirs, random] = [
        await mallory.call(method, `${PATH}/${id}${path}`, body),
        await mallory.call(method, `${PATH}/${newId()}${path}`, body),
      ];
      expect([theirs.statusCode, theirs.json<{ detail: string }>().detail], path).toEqual([
        404,
        random.json<{ detail: string }>().detail,
      ]);
    }
    const mixed = `${PATH}/${own.json<Endpoint>().id}/deliveries/${messageId}`;
    expect((await mallory.call('GET', mixed)).statusCode).toBe(404);
    expect((await alice.call('GET', `${PATH}/${id}`)).json()).toMatchObject({ url: `${receiver.url}/hook` });
    await remove({ id } as Endpoint);
  });
});
