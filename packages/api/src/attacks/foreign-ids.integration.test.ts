/** Another's id gets exactly the answer of a random id: in path, query, body and cursor, and in replays. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cursorOf } from '../platform/http/schemas/pages.ts';
import { aKey } from '../testing/fixtures.ts';
import { nameOf, type Route } from './routes.ts';
import { type Kind, pathOf, type Target, targetOf } from './targets.ts';
import { comparable, createWorld, type Headers, type Owned, type World } from './world.ts';

let world: World;
let calls = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  process.stdout.write(`attacks: ${calls} calls with ids of others\n`);
  await world.close();
});

type IdOf = (kind: Kind) => string;
/** A request that names ids. */
type Naming = (idOf: IdOf) => [path: string, body: object | undefined];

/** All places where a route takes an id. */
function namingsOf(route: Route, target: Target): Naming[] {
  const path = (idOf: IdOf) => pathOf(route, target, idOf);
  // VPN servers are shared, so filtering by one names nobody else's id.
  const queries = Object.entries(target.query ?? {}).filter(([, kind]) => kind !== 'server');
  const { cursor } = target;
  return [
    ...(target.path === undefined
      ? []
      : [(idOf: IdOf) => [path(idOf), target.body?.()] as ReturnType<Naming>]),
    ...queries.map(([name, kind]): Naming => (idOf) => [`${path(idOf)}?${name}=${idOf(kind)}`, undefined]),
    ...Object.entries(target.bodyIds ?? {}).map(([name, kind]): Naming => (idOf) => [
      path(idOf),
      { [name]: idOf(kind) },
    ]),
    ...(cursor === 'session' && target.path === undefined
      ? [(idOf: IdOf) => [`${path(idOf)}?cursor=${cursorOf(idOf(cursor))}`, undefined] as ReturnType<Naming>]
      : []),
  ];
}

/** The callers, and the owners of the ids that they name. */
function strangers({ acme, globex, tester, testUser }: World) {
  return [
    ['user', 'a user of another tenant', globex.user, acme],
    ['user', 'another user of the same tenant', acme.otherUser, acme],
    ['user', 'a user of the other mode', testUser, acme],
    ['tenant', 'another tenant', globex.key, acme],
    ['tenant', 'the tenant’s test key', tester, acme],
  ] satisfies readonly (readonly [access: string, who: string, headers: Headers, owner: Owned])[];
}

test('in path, query, body and cursor', async () => {
  const { routes, send } = world;
  const before = await world.snapshot();
  for (const route of routes) {
    for (const [access, who, headers, { ids }] of strangers(world)) {
      if (route.access !== access) continue;
      for (const naming of namingsOf(route, targetOf(route))) {
        const used: string[] = [];
        const ask = (idOf: IdOf) => {
          const [path, body] = naming((kind) => {
            const id = idOf(kind);
            used.push(id);
            return id;
          });
          return send(route.method, path, headers, body);
        };
        const foreign = await ask((kind) => ids[kind] ?? randomUUID());
        const random = await ask(() => randomUUID());
        expect(comparable(foreign, used), `${nameOf(route)} by ${who}`).toEqual(comparable(random, used));
        calls += 2;
      }
    }
  }
  expect(await world.snapshot()).toEqual(before);
});

test('a list that continues after another tenant’s row shows none of it', async () => {
  const { routes, acme, globex, send } = world;
  for (const route of routes) {
    const { cursor } = targetOf(route);
    if (cursor === undefined || cursor === 'session' || route.access !== 'tenant') continue;
    const answer = await send('GET', `${route.url}?cursor=${cursorOf(acme.ids[cursor]!)}`, globex.key);
    expect(answer.statusCode, answer.body).toBe(200);
    for (const [kind, id] of Object.entries(acme.ids)) {
      if (kind !== 'server') expect(answer.body).not.toContain(id);
    }
    calls++;
  }
});

test('another principal’s Idempotency-Key replays nothing', async () => {
  const { acme, globex, testUser, send } = world;
  const key = { 'idempotency-key': randomUUID() };
  const body = { deviceName: 'mine', publicKey: aKey() };
  const own = await send('POST', '/api/v1/devices', { ...acme.user, ...key }, body);
  expect(own.statusCode, own.body).toBe(201);
  for (const headers of [acme.otherUser, globex.user, testUser]) {
    const answer = await send('POST', '/api/v1/devices', { ...headers, ...key }, body);
    expect(answer.headers['idempotent-replayed']).toBeUndefined();
    expect(answer.json()).toMatchObject({ code: 'public_key_taken' });
    calls++;
  }
});
