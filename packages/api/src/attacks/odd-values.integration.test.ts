/** Values that are too large, too small or of another kind, in every field and parameter: refused once each, in our own words. */
import { randomUUID } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
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
  process.stdout.write(`attacks: ${calls} odd values in bodies and queries\n`);
  await world.close();
});

interface Problem {
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** Words of zod, JavaScript or PostgreSQL, which tell a person nothing. */
const WORDS_OF_A_LIBRARY =
  /\b(invalid input|expected|received|too (small|big)|unrecognized|NaN|undefined|regex|pattern|zod|syntax|relation|constraint|nonoptional|is not valid\b|wrong type|wrong format)/i;
const WRONG_PLURAL = /\b(?:1|one) (?:characters|entries|bytes|seconds|days|devices|keys)\b/;

function expectClear(answer: LightMyRequestResponse, what: string): void {
  calls++;
  const text = `${what}: ${answer.body.slice(0, 500)}`;
  expect(answer.statusCode, text).toBeLessThan(500);
  if (answer.statusCode !== 400) return;
  const { detail, errors = [] } = answer.json<Problem>();
  const pointers = errors.map(({ pointer }) => pointer);
  expect(pointers, text).toEqual([...new Set(pointers)]);
  for (const words of [detail, ...errors.map(({ message }) => message)]) {
    expect(words, text).not.toMatch(WORDS_OF_A_LIBRARY);
    expect(words, text).not.toMatch(WRONG_PLURAL);
  }
}

const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  1e300,
  -1e300,
  '',
  ' ',
  'x',
  '..',
  '0',
  '\u202e',
  'x'.repeat(20_000),
  [],
  [null],
  [1e300],
  [''],
  ['x', 'x'],
  ['x'.repeat(1_000)],
  {},
  { x: 1 },
  { x: null },
  { '': '' },
  { 'a b': 'x' },
  { keys: [] },
];

/** Ids and a body that the route takes, but for what is odd. */
function ordinary(route: Route): { path: string; body: object } {
  const target = targetOf(route);
  const ids = Object.entries(target.bodyIds ?? {}).map(([name, kind]) => [name, world.acme.ids[kind]]);
  // Ids that nobody has, so a request that passes validation changes nothing.
  const path = pathOf(route, target, () => randomUUID());
  return { path, body: { ...(Object.fromEntries(ids) as object), ...target.body?.() } };
}

test('in every field of every body', { timeout: 600_000 }, async () => {
  for (const route of world.routes) {
    for (const field of route.fields ?? []) {
      for (const value of ODD) {
        const { path, body } = ordinary(route);
        const odd = { ...body, [field]: value };
        const answer = await world.send(route.method, path, world.rightful(route), odd);
        expectClear(answer, `${nameOf(route)} ${field} ${JSON.stringify(value).slice(0, 60)}`);
      }
    }
  }
});

test('in every parameter of every query', { timeout: 600_000 }, async () => {
  for (const route of world.routes) {
    for (const parameter of route.parameters) {
      for (const value of ODD.filter((one) => typeof one !== 'object')) {
        const { path } = ordinary(route);
        const query = new URLSearchParams({ [parameter]: String(value).slice(0, 2_000) });
        const answer = await world.send(route.method, `${path}?${query.toString()}`, world.rightful(route));
        expectClear(answer, `${nameOf(route)} ?${query.toString().slice(0, 80)}`);
      }
    }
  }
});

test('all fields at once', { timeout: 600_000 }, async () => {
  for (const route of world.routes) {
    if (route.fields === null) continue;
    for (const value of ODD) {
      const { path } = ordinary(route);
      const odd = Object.fromEntries(route.fields.map((field) => [field, value]));
      const answer = await world.send(route.method, path, world.rightful(route), odd);
      expectClear(answer, `${nameOf(route)} with ${JSON.stringify(value).slice(0, 60)} everywhere`);
    }
  }
});

test('a query parameter that a route does not know is refused by every route', async () => {
  for (const route of world.routes) {
    if (!route.url.startsWith('/api/')) continue;
    const { path, body } = ordinary(route);
    const sent = route.fields === null ? undefined : body;
    const answer = await world.send(route.method, `${path}?nonesuch=1`, world.rightful(route), sent);
    const text = `${nameOf(route)}: ${answer.body}`;
    expect(answer.statusCode, text).toBe(400);
    expect(
      answer.json<Problem>().errors?.map(({ pointer }) => pointer),
      text,
    ).toContain('/nonesuch');
    calls++;
  }
});
