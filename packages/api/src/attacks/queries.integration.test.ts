/** Operators and repetitions in filters are refused and reveal nothing. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nameOf, type Route } from './routes.ts';
import { pathOf, targetOf } from './targets.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let calls = 0;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(async () => {
  process.stdout.write(`attacks: ${calls} operators and repetitions in queries\n`);
  await world.close();
});

const own = (route: Route) => pathOf(route, targetOf(route), (kind) => world.acme.ids[kind] ?? randomUUID());

/** Valid for parameters that accept any text, but matches nothing. */
const TEXT = '=%7B%22%24gt%22%3A%22%22%7D';
const TAKES_TEXT = new Set(['externalId', 'region']);

/** As written in a query, after the parameter's name. */
const OPERATORS = [
  '[$gt]=',
  '[$ne]=x',
  '[not]=x',
  '[contains]=',
  '[]=x',
  '[0]=x',
  '[__proto__][admin]=true',
  '.gt=x',
  '=a&{name}=b',
  '=%00',
  TEXT,
];

/** The route's own parameters, and some that it does not know. */
const parametersOf = ({ method, parameters }: Route) =>
  method === 'GET' && parameters.length > 0 ? [...parameters, 'id', 'tenantId'] : parameters;

test('on every parameter of every route: 400, and no effect', async () => {
  const before = await world.snapshot();
  for (const route of world.routes) {
    if (!route.url.startsWith('/api/v1')) continue;
    for (const parameter of parametersOf(route)) {
      for (const operator of OPERATORS) {
        const query = `${parameter}${operator.replace('{name}', parameter)}`;
        const answer = await world.send(route.method, `${own(route)}?${query}`, world.rightful(route));
        const what = `${nameOf(route)} ?${query}: ${answer.body.slice(0, 200)}`;
        if (operator === TEXT && TAKES_TEXT.has(parameter)) {
          expect(answer.statusCode, what).toBe(200);
          expect(answer.body, what).toContain('[]');
        } else expect(answer.statusCode, what).toBe(400);
        calls++;
      }
    }
  }
  expect(await world.snapshot()).toEqual(before);
});
