/** Hostile bodies on every route that takes one: server-side fields, query operators, other media types. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nameOf, type Route } from './routes.ts';
import { pathOf, targetOf } from './targets.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let before: unknown;
const counts = { fields: 0, operators: 0, types: 0 };

beforeAll(async () => {
  world = await createWorld();
  before = await world.snapshot();
});
afterAll(async () => {
  process.stdout.write(
    `attacks: ${counts.fields} fields that are the server’s, ${counts.operators} operators instead of values, ` +
      `${counts.types} bodies of other media types\n`,
  );
  await world.close();
});

/** The routes with a body, with ids of Acme's own, so that an accepted body would change something. */
function* writes(): Iterable<{ route: Route; name: string; path: string; body: Record<string, unknown> }> {
  for (const route of world.routes) {
    if (route.fields === null) continue;
    const target = targetOf(route);
    const ids = Object.entries(target.bodyIds ?? {}).map(([name, kind]) => [name, world.acme.ids[kind]]);
    const body = { ...(Object.fromEntries(ids) as object), ...target.body?.() };
    const path = pathOf(route, target, (kind) => world.acme.ids[kind] ?? randomUUID());
    yield { route, name: nameOf(route), path, body };
  }
}

/** Sends a body unchanged. */
const sendText = (route: Route, path: string, payload: string | Buffer, type: string | undefined) =>
  world.api.app.inject({
    method: route.method,
    url: path,
    headers: { ...world.rightful(route), ...(type === undefined ? {} : { 'content-type': type }) },
    payload,
  });

test('every column of the database, __proto__ and constructor on every write: 400', async () => {
  const { rows } = await world.database.pool.query<{ name: string }>(
    "SELECT DISTINCT column_name AS name FROM information_schema.columns WHERE table_schema = 'public'",
  );
  const camel = (name: string) => name.replace(/_(\w)/g, (_whole, letter: string) => letter.toUpperCase());
  const columns = [...new Set(rows.flatMap(({ name }) => [name, camel(name)]))];
  for (const { route, name, path, body } of writes()) {
    const others = columns.filter((column) => !route.fields!.includes(column));
    // In groups: an answer names a limited number of faults.
    for (let at = 0; at < others.length; at += 40) {
      const extra = Object.fromEntries(others.slice(at, at + 40).map((column) => [column, 'x']));
      const answer = await world.send(route.method, path, world.rightful(route), { ...body, ...extra });
      expect(answer.statusCode, `${name}: ${answer.body}`).toBe(400);
      counts.fields += Object.keys(extra).length;
    }
    for (const text of ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}']) {
      const answer = await sendText(route, path, text, 'application/json');
      expect(answer.statusCode, `${name}: ${answer.body}`).toBe(400);
      counts.fields++;
    }
  }
  expect(await world.snapshot()).toEqual(before);
  expect(({} as { admin?: unknown }).admin).toBeUndefined();
});

/** Conditions of document databases and ORMs. */
const OPERATORS: readonly unknown[] = [
  { $gt: '' },
  { $ne: null },
  { not: null },
  { contains: '' },
  { in: [] },
  [{ $gt: '' }],
  [['x']],
  { toString: 'x' },
  { length: 1 },
];

test('an operator instead of a value, in every field of every write: 400', async () => {
  for (const { route, name, path, body } of writes()) {
    for (const field of route.fields!) {
      // Metadata are arbitrary texts that nothing interprets, so an operator is a valid one.
      if (field === 'metadata') continue;
      for (const operator of OPERATORS) {
        const wrong = { ...body, [field]: operator };
        const answer = await world.send(route.method, path, world.rightful(route), wrong);
        expect(answer.statusCode, `${name} ${field} ${JSON.stringify(operator)}: ${answer.body}`).toBe(400);
        counts.operators++;
      }
    }
  }
  expect(await world.snapshot()).toEqual(before);
});

test.each([
  ['text/plain', undefined],
  ['application/x-www-form-urlencoded', undefined],
  ['multipart/form-data; boundary=x', undefined],
  ['application/xml', undefined],
  ['application/json5', undefined],
  ['application/problem+json', undefined],
  ['text/plain; charset=utf-8, application/json', undefined],
  ['application/json, text/plain', undefined],
  ['application/json; charset=utf-16', 'utf16le'],
  ['application/json; charset=iso-8859-1', 'latin1'],
  ['json', undefined],
  [undefined, undefined],
] as const)('a body as %s: 415 on every write, whatever is in it', async (type, encoding) => {
  for (const { route, name, path, body } of writes()) {
    const payload = Buffer.from(JSON.stringify(body), encoding);
    const answer = await sendText(route, path, payload, type);
    // RFC 8693 requests are forms, but this is not a valid one.
    const isForm = route.url.endsWith('/auth/token') && type === 'application/x-www-form-urlencoded';
    expect(answer.statusCode, `${name}: ${answer.body}`).toBe(isForm ? 400 : 415);
    expect(answer.headers['content-type'], name).toBe('application/problem+json');
    counts.types++;
  }
  expect(await world.snapshot()).toEqual(before);
});

test.each([
  ['what is no JSON', 'application/json', Buffer.from('{"a":')],
  ['UTF-16 that says nothing of it', 'application/json', Buffer.from('{"a":1}', 'utf16le')],
  ['what is not UTF-8', 'application/json', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ['a second value', 'application/json', Buffer.from('{} {}')],
  ['a number', 'application/json', Buffer.from('1')],
  ['a list', 'application/json', Buffer.from('[{}]')],
  ['null', 'application/json', Buffer.from('null')],
  ['10,000 lists in each other', 'application/json', Buffer.from('['.repeat(10_000) + ']'.repeat(10_000))],
])('%s as JSON: 400 on every write', async (_what, type, payload) => {
  for (const { route, name, path } of writes()) {
    const answer = await sendText(route, path, payload, type);
    expect(answer.statusCode, `${name}: ${answer.body}`).toBe(400);
    counts.types++;
  }
  expect(await world.snapshot()).toEqual(before);
});

test('more than 64 KiB: 413 on every write', async () => {
  const payload = Buffer.from(JSON.stringify({ a: 'x'.repeat(64 * 1024) }));
  for (const { route, name, path } of writes()) {
    const answer = await sendText(route, path, payload, 'application/json');
    expect(answer.statusCode, `${name}: ${answer.body}`).toBe(413);
    counts.types++;
  }
});
