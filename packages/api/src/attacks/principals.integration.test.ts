/**
 * Every route × every kind of principal, against the control plane as production wires it. A principal without
 * access learns nothing. Fails for a route that TARGETS does not describe.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nameOf, type Route } from './routes.ts';
import { pathOf, targetOf, TARGETS } from './targets.ts';
import { comparable, createWorld, type Headers, type World } from './world.ts';

let world: World;
let calls = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  process.stdout.write(`attacks: ${world.routes.length} routes, ${calls} calls by wrong principals\n`);
  await world.close();
});

interface Principal {
  readonly headers: Headers;
  readonly may: (route: Route) => boolean;
  readonly status: readonly number[];
}

function principals({ acme, globex, admin, tester }: World): Record<string, Principal> {
  const nobody = () => false;
  const backend = ({ access }: Route) => access === 'tenant';
  return {
    none: { headers: {}, may: nobody, status: [401] },
    nonsense: {
      headers: { 'x-api-key': `cv_live_${'x'.repeat(51)}`, authorization: 'Bearer x' },
      may: nobody,
      status: [401],
    },
    'key alone': { headers: acme.key, may: backend, status: [401] },
    'key without the scope': {
      headers: { ...acme.user, ...acme.weak },
      may: ({ scope }) => scope === 'audit:read',
      status: [401, 403],
    },
    user: { headers: acme.user, may: ({ access }) => access !== 'admin', status: [401] },
    'key of one, token of another': {
      headers: { ...globex.user, ...acme.key },
      may: backend,
      status: [401],
    },
    'test key, live token': { headers: { ...acme.user, ...tester }, may: backend, status: [401] },
    admin: { headers: admin, may: ({ access }) => access === 'admin', status: [401] },
  };
}

test('the table has exactly the existing routes', () => {
  expect([...new Set(world.routes.map(nameOf))].sort()).toEqual(Object.keys(TARGETS).sort());
});

test('a principal without access is refused, whatever it names, and learns nothing', async () => {
  const { routes, acme, send } = world;
  for (const route of routes) {
    if (route.access === 'public') continue;
    const target = targetOf(route);
    for (const [who, { headers, may, status }] of Object.entries(principals(world))) {
      if (may(route)) continue;
      const real = pathOf(route, target, (kind) => acme.ids[kind] ?? randomUUID());
      const answer = await send(route.method, real, headers, target.body?.());
      expect(status, `${nameOf(route)} by ${who}: ${answer.body}`).toContain(answer.statusCode);
      const strange = pathOf(route, target, () => randomUUID());
      const other = await send(route.method, strange, headers, target.body?.());
      const ids = [...real.split('/'), ...strange.split('/')].filter((part) => part.length === 36);
      expect(comparable(answer, ids), nameOf(route)).toEqual(comparable(other, ids));
      calls += 2;
    }
  }
});
