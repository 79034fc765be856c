/** Delivery under load and faults: nobody waits for others, and nothing is lost. */
import { randomBytes } from 'node:crypto';
import { holdsOf } from '../devices/hold.ts';
import { systemClock } from '../platform/clock.ts';
import { Secret } from '../platform/crypto/secret.ts';
import { createVault } from '../platform/crypto/vault.ts';
import { newId } from '../platform/ids.ts';
import { createItems } from '../platform/jobs/items.ts';
import type { OutboundHttp } from '../platform/outbound/ports.ts';
import { webhookSecretColumn } from './endpoint.ts';
import { createWebhookSender, type WebhookSender } from './sender.ts';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aTenantWithUser } from '../testing/fixtures.ts';
import type { Database } from '../platform/db/database.ts';
import { createWebhookQueue } from './queue.ts';

const vault = createVault({ version: 1, key: new Secret(randomBytes(32)) });
let database: TestDatabase;
let tenantId: string;

const sql = (text: string, values: unknown[] = []) =>
  database.pool.query<Record<string, never>>(text, values);

async function anEndpoint(url: string, tenant = tenantId): Promise<string> {
  const id = newId();
  const secret = vault.seal(webhookSecretColumn(tenant, id), randomBytes(32));
  await sql('INSERT INTO webhook_endpoints (id, tenant_id, url, secret) VALUES ($1, $2, $3, $4)', [
    id,
    tenant,
    url,
    secret,
  ]);
  return id;
}

/** Causes events of a committed change: creates users. */
const happen = (count: number, tenant = tenantId) =>
  sql(
    `INSERT INTO tenant_users (id, tenant_id, email, password_hash)
     SELECT gen_random_uuid(), $1, gen_random_uuid() || '@example.com', 'none' FROM generate_series(1, $2)`,
    [tenant, count],
  );

type Post = OutboundHttp['post'];
const never = () => new Promise<never>(() => undefined);

function aSender(post: Post, on: Pick<Database, 'pool'> = database): WebhookSender {
  const queue = createWebhookQueue(on);
  return createWebhookSender({
    queue,
    outbound: { post },
    vault,
    clock: systemClock,
    userAgent: 'test',
    items: createItems(),
  });
}

async function sendAll(sender: WebhookSender): Promise<void> {
  for (let round = 0; round < 500; round++) {
    await sender.sendDue();
    await sender.idle();
    const { rowCount } = await sql(
      "SELECT FROM webhook_deliveries WHERE state = 'pending' AND due_at <= now() LIMIT 1",
    );
    if (rowCount === 0) return;
  }
  throw new Error('it does not come to an end');
}

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  await sql('DELETE FROM webhook_events');
  await sql('DELETE FROM webhook_endpoints');
  ({ tenantId } = await aTenantWithUser(database));
});
afterAll(() => database.close());

test('an event and its change are written together or not at all', async () => {
  await anEndpoint('https://a.test');
  const db = await database.pool.connect();
  await db.query('BEGIN');
  await db.query("UPDATE tenant_users SET state = 'suspended' WHERE tenant_id = $1", [tenantId]);
  await db.query('ROLLBACK');
  db.release();
  expect((await sql('SELECT FROM webhook_events')).rowCount).toBe(0);
  await sql("UPDATE tenant_users SET state = 'suspended' WHERE tenant_id = $1", [tenantId]);
  await sql("UPDATE tenant_users SET state = 'active' WHERE tenant_id = $1", [tenantId]);
  const { rows } = await sql('SELECT type FROM webhook_events ORDER BY id');
  expect(rows).toEqual([{ type: 'user.suspended' }, { type: 'user.resumed' }]);
});

test('events of one millisecond keep their order, and each is due at once', async () => {
  await anEndpoint('https://a.test');
  // Within one statement: round trips would put a millisecond between them.
  const { rows } = await sql(`
    WITH made AS (SELECT n, emit_event('${tenantId}', NULL, 'user.created', to_jsonb(n)) FROM generate_series(1, 500) AS n)
    SELECT count(*) FROM made`);
  expect(rows).toEqual([{ count: 500 }]);
  const events = await sql('SELECT data FROM webhook_events ORDER BY id');
  expect(events.rows.map(({ data }) => data)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
  for (let n = 0; n < 50; n++) {
    await happen(1);
    const late = await sql('SELECT due_at, now() FROM webhook_deliveries WHERE due_at > now()');
    expect(late.rows).toEqual([]);
  }
});

test('without endpoints, nothing is written', async () => {
  await happen(3);
  await anEndpoint('https://a.test', (await aTenantWithUser(database)).tenantId);
  await happen(3);
  expect((await sql('SELECT FROM webhook_events')).rowCount).toBe(0);
});

test('hanging endpoints do not delay the others', async () => {
  const other = (await aTenantWithUser(database)).tenantId;
  await anEndpoint('https://hangs.test');
  await anEndpoint('https://hangs-too.test');
  await anEndpoint('https://quick.test', other);
  await happen(2_000);
  await happen(40, other);
  let hanging = 0;
  const got: string[] = [];
  const sender = aSender(async (url, headers) => {
    if (url !== 'https://quick.test') {
      hanging++;
      return never();
    }
    got.push(headers['webhook-id']!);
    return { status: 200, retryAfterSeconds: null };
  });
  // One turn: a working endpoint gets the next delivery at once.
  await sender.sendDue();
  await expect
    .poll(async () => (await sql("SELECT FROM webhook_deliveries WHERE state = 'delivered'")).rows.length)
    .toBe(40);
  expect(new Set(got).size).toBe(40);
  // Bounded per endpoint, however much is due.
  expect(hanging).toBe(8);
});

test('two concurrent processes send everything once', async () => {
  await anEndpoint('https://a.test');
  await happen(200);
  const got: string[] = [];
  const post: Post = (_url, headers) => {
    got.push(headers['webhook-id']!);
    return Promise.resolve({ status: 200, retryAfterSeconds: null });
  };
  await Promise.all([sendAll(aSender(post)), sendAll(aSender(post))]);
  expect(got).toHaveLength(200);
  expect(new Set(got).size).toBe(200);
});

test('processes dying at any point lose nothing: 100 rounds', { timeout: 120_000 }, async () => {
  await anEndpoint('https://a.test');
  const got = new Set<string>();
  const take = (headers: Record<string, string>) => {
    got.add(headers['webhook-id']!);
    return { status: 200, retryAfterSeconds: null };
  };
  for (let round = 0; round < 100; round++) {
    await happen(3);
    const doomed = new pg.Pool({ connectionString: database.url.reveal(), max: 1 });
    const dying: Post = (_url, headers) => {
      // Before the receiver has it, after it has it, or after the result was recorded.
      if (round % 3 === 0) return never();
      const answer = take(headers);
      return round % 3 === 1 ? never() : Promise.resolve(answer);
    };
    const sender = aSender(dying, { pool: doomed });
    await sender.sendDue();
    if (round % 3 === 2) await sender.idle();
    await doomed.end();
    // Expires the lease of the dead process.
    await sql(
      "UPDATE webhook_deliveries SET due_at = now() - make_interval(secs => 1) WHERE state = 'pending'",
    );
  }
  await sendAll(aSender((_url, headers) => Promise.resolve(take(headers))));
  const { rows } = (await sql('SELECT id FROM webhook_events')) as unknown as { rows: { id: string }[] };
  expect(rows).toHaveLength(300);
  expect(got).toEqual(new Set(rows.map(({ id }) => id)));
});

test('a failing endpoint gets one request at a time, and Retry-After is honoured', async () => {
  await anEndpoint('https://a.test');
  await happen(10);
  let sent = 0;
  const sender = aSender(() => {
    sent++;
    return Promise.resolve({ status: 503, retryAfterSeconds: 3_600 });
  });
  await sender.sendDue();
  await sender.idle();
  expect(sent).toBe(4);
  await sender.sendDue();
  await sender.idle();
  expect(sent).toBe(5);
  const { rows } = await sql(
    "SELECT FROM webhook_deliveries WHERE attempts = 1 AND due_at > now() + interval '59 minutes'",
  );
  expect(rows).toHaveLength(5);
});

test('database and domain use the same names for holds', async () => {
  for (let bits = 0; bits < 64; bits++) {
    const { rows } = await sql('SELECT hold_names($1) AS names', [bits]);
    expect(rows[0]).toEqual({ names: holdsOf(bits) });
  }
});
