/**
 * Promises to a tenant's backend, kept by API processes that are killed (−9): every event arrives at least once,
 * signed and under one id, and a retried write with an Idempotency-Key is done once.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Step } from '../../packages/api/src/platform/observability/steps.ts';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import { aServer } from '../../packages/api/src/testing/fixtures.ts';
import { type Receiver, startReceiver } from '../../packages/api/src/testing/receiver.ts';
import {
  asUser,
  type Call,
  createCaller,
  createUser,
  type DeviceBody,
  must,
  type TestUser,
} from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import { Random } from '../harness/random.ts';
import { inRound, say, seed } from '../harness/round.ts';
import { until } from '../harness/until.ts';

const CRASH = fileURLToPath(new URL('../harness/crash.mjs', import.meta.url));

const secrets = makeSecrets();
const random = new Random(seed);
let database: TestDatabase;
let steady: ControlPlane;
let receiver: Receiver;
let alice: TestUser;

/** Addresses rest for a second: a tenant may have 50 resting ones, and each deletion adds one. */
const SETTINGS = { CVAULT_OUTBOUND_ALLOW: '127.0.0.1', CVAULT_QUARANTINE_SECONDS: '1' };

const start = (crash?: string) =>
  startControlPlane(
    database.url.reveal(),
    secrets,
    { ...SETTINGS, ...(crash === undefined ? {} : { CVAULT_TEST_CRASH: crash }) },
    crash === undefined ? [] : ['--import', CRASH],
  );
const through = (plane: ControlPlane): Call => asUser(plane.baseUrl, alice.apiKey, alice.accessToken);
const sql = async (text: string) =>
  (await database.pool.query<{ id: string }>(text)).rows.map(({ id }) => id);

/** PostgreSQL finishes a killed process's statements, which may take up to 30 s. */
const untilItsStatementsEnd = () =>
  until('its statements have ended', async () => {
    const busy =
      "SELECT pid::text AS id FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'";
    return (await sql(`${busy} AND pid <> pg_backend_pid()`)).length === 0;
  });

beforeAll(async () => {
  database = await createTestDatabase();
  await aServer(database, { cidr: '10.64.0.0/16' });
  receiver = await startReceiver();
  steady = await start();
  alice = await createUser(steady.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
});
afterAll(async () => {
  await steady?.kill();
  await receiver?.close();
  await database?.close();
});

test('every event reaches the endpoint, signed and under one id', { timeout: 900_000 }, async () => {
  const { secret } = await must(
    createCaller(steady.baseUrl, { 'x-api-key': alice.apiKey })<{ secret: string }>(
      'POST',
      '/api/v1/tenant/webhook-endpoints',
      { url: receiver.url },
    ),
  );
  // Only dying processes send while there are events.
  await steady.kill();
  const refused = new Set<string>();
  receiver.answer = ({ headers }, response) => {
    const id = headers['webhook-id']!;
    // One in four is refused the first time.
    const takes = refused.has(id) || random.below(4) > 0;
    refused.add(id);
    response.writeHead(takes ? 204 : 500).end();
  };
  let crashes = 0;
  for (let round = 0; round < inRound({ short: 6, full: 100 }); round++) {
    const step: Step = random.pick(['webhook:claimed', 'webhook:sent']);
    const doomed = await start(`${step} ${1 + random.below(6)} ${random.pick([0, 1, 5])}`).catch(() => null);
    if (doomed === null) {
      crashes++;
      continue;
    }
    const made = Array.from({ length: 6 }, async () => {
      const { status, body } = await through(doomed)<DeviceBody>('POST', '/api/v1/devices', {
        deviceName: 'x',
      });
      if (status < 300) await through(doomed)('DELETE', `/api/v1/devices/${body.id}`);
    });
    await Promise.allSettled(made);
    // The last process's claims expire after 60 s, and refused messages wait even longer.
    await sql(
      "UPDATE webhook_deliveries SET due_at = now() - make_interval(secs => 1) WHERE state = 'pending'",
    );
    if ((await Promise.race([doomed.ended, sleep(5_000)])) !== undefined) crashes++;
    await doomed.kill();
  }
  receiver.answer = null;
  await untilItsStatementsEnd();
  steady = await start();
  // It finishes pending work, which creates more events, even after the first check. Only the last reading is
  // complete.
  const events = await until(
    'all are delivered, and nothing is under way that makes another',
    async () => {
      await sql(
        "UPDATE webhook_deliveries SET due_at = now() - make_interval(secs => 1) WHERE state = 'pending'",
      );
      const [underWay, undelivered, made] = [
        await sql('SELECT device_id AS id FROM outbox'),
        await sql("SELECT event_id AS id FROM webhook_deliveries WHERE state <> 'delivered'"),
        await sql('SELECT id FROM webhook_events'),
      ];
      return underWay.length === 0 && undelivered.length === 0 && made;
    },
    120_000,
  );
  expect(events.length).toBeGreaterThan(crashes);
  const told = new Map<string, unknown>();
  for (const { headers, body } of receiver.messages) {
    const id = headers['webhook-id']!;
    const content = new Webhook(secret).verify(body, headers);
    if (told.has(id)) expect(content).toEqual(told.get(id));
    told.set(id, content);
  }
  expect([...told.keys()].sort()).toEqual(events.sort());
  say(
    `${events.length} events in ${receiver.messages.length} messages by ${crashes} processes that were killed, none lost`,
  );
});

test(
  'a write under an Idempotency-Key is done once, whenever its process dies',
  { timeout: 900_000 },
  async () => {
    const steps: readonly Step[] = ['register:asked', 'register:committed', 'push:ready', 'push:recorded'];
    let unanswered = 0;
    let writes = 0;
    for (let round = 0; round < inRound({ short: 6, full: 60 }); round++) {
      const crash = `${random.pick(steps)} ${1 + random.below(4)} ${random.pick([0, 0, 1, 3])}`;
      const doomed = await start(crash);
      const names = Array.from({ length: 4 }, () => randomUUID());
      const write = (plane: ControlPlane, name: string) =>
        createCaller(plane.baseUrl, {
          'x-api-key': alice.apiKey,
          authorization: `Bearer ${alice.accessToken}`,
          'idempotency-key': name,
        })<DeviceBody>('POST', '/api/v1/devices', { deviceName: name });
      const first = await Promise.allSettled(names.map((name) => write(doomed, name)));
      await doomed.kill();
      await untilItsStatementsEnd();
      // Claims of a process last as long as it may work.
      await sql(
        'UPDATE idempotency_keys SET claimed_until = now() - make_interval(secs => 1) WHERE status IS NULL',
      );
      for (const [at, name] of names.entries()) {
        const again = await must(write(steady, name));
        const before = first[at]!;
        if (before.status === 'fulfilled') expect(before.value.body).toEqual(again);
        else unanswered++;
        expect(await must(write(steady, name))).toEqual(again);
        expect(await sql(`SELECT id FROM devices WHERE name = '${name}'`)).toEqual([again.id]);
        await must(through(steady)('DELETE', `/api/v1/devices/${again.id}`));
        writes++;
      }
    }
    expect(unanswered).toBeGreaterThan(0);
    say(
      `${writes} writes under an Idempotency-Key, ${unanswered} of them by processes that died: each done once`,
    );
  },
);
