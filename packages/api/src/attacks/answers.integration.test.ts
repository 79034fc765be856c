/** Contents that no answer may have, whoever asks. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nameOf } from './routes.ts';
import { pathOf, targetOf } from './targets.ts';
import { createWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Names of columns and of secret fields. */
const WORDS = ['"tenant_id"', '"passwordHash"', '"password_hash"', '"keyHash"', '"sealed', '"sshPrivateKey"'];

test('no answer has more than its schema, or a secret of the platform', async () => {
  const { database, routes, acme, send } = world;
  const secrets = await database.pool.query<{ text: string }>(
    `SELECT encode(key_hash, 'base64') AS text FROM api_keys UNION SELECT password_hash FROM tenant_users
     WHERE password_hash IS NOT NULL UNION SELECT encode(private_key, 'base64') FROM devices WHERE private_key IS NOT NULL`,
  );
  expect(secrets.rows.length).toBeGreaterThan(5);
  for (const route of routes) {
    if (route.method !== 'GET') continue;
    const path = pathOf(route, targetOf(route), (kind) => acme.ids[kind] ?? randomUUID());
    const { body } = await send('GET', path, world.rightful(route));
    for (const { text } of secrets.rows) expect(body.includes(text), nameOf(route)).toBe(false);
    // The export of personal data uses the database's names; other tests check what it withholds.
    if (route.url.endsWith('/export')) continue;
    for (const word of WORDS) expect(body.includes(word), `${nameOf(route)} ${word}`).toBe(false);
    if (!route.url.endsWith('/config')) expect(body, nameOf(route)).not.toContain('PrivateKey');
  }
});
