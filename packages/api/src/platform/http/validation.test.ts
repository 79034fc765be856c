import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Metadata } from './schemas/external-ids.ts';
import { Name } from './schemas/name.ts';
import { cursorOf, idOfCursor, PageQuery } from './schemas/pages.ts';
import { invalidRequest, validatorCompiler } from './validation.ts';

const Body = z.strictObject({ name: Name, list: z.array(z.strictObject({ 'a/b~c': z.int() })).optional() });

function faultsOf(body: unknown, part?: string) {
  const { error } = Body.safeParse(body);
  if (error === undefined) throw new Error('it was accepted');
  return invalidRequest(error, part);
}

test('every fault has a pointer', () => {
  const { faults, code, message } = faultsOf({ name: 'a\nb', list: [{ 'a/b~c': 'x' }], extra: 1, more: 2 });
  expect(code).toBe('invalid_request');
  expect(faults.map((fault) => fault.pointer).sort()).toEqual([
    '/extra',
    '/list/0/a~1b~0c',
    '/more',
    '/name',
  ]);
  expect(message).toMatch(/And 3 more\.$/);
});

test('a body that is not an object has one fault, for the whole body', () => {
  for (const body of [undefined, null, 'x', 1, [], true]) {
    expect(faultsOf(body).faults).toEqual([{ pointer: '', message: 'must be a JSON object' }]);
  }
});

test('a value has one fault, that of the tightest bound', () => {
  const Numbers = z.strictObject({
    days: z.int().min(1).max(90),
    name: z
      .string()
      .min(1)
      .regex(/^[a-z]+$/),
  });
  const faults = (data: object) =>
    invalidRequest(Numbers.safeParse(data).error!, 'body', { data, schema: Numbers }).faults;
  expect(faults({ days: 1e300, name: '' })).toEqual([
    { pointer: '/days', message: 'must be at most 90' },
    { pointer: '/name', message: 'must have at least 1 character' },
  ]);
  expect(faults({ days: -1e300, name: 'a' })).toEqual([{ pointer: '/days', message: 'must be at least 1' }]);
  expect(faults({ days: 1.5, name: 'a' })).toEqual([{ pointer: '/days', message: 'must be a whole number' }]);
});

test('a name that is not allowed is told what one looks like', () => {
  const data = { 'a b': 'x' };
  const { error } = Metadata.safeParse(data);
  expect(invalidRequest(error!, 'body', { data, schema: Metadata }).faults).toEqual([
    { pointer: '/a b', message: 'its name must be 1 to 64 letters, digits, or any of _ . : -' },
  ]);
});

test('faults do not repeat the input, and their number is bounded', () => {
  const hostile = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, index) => [`${'k'.repeat(500)}${index}`, 'canary']),
  );
  const error = faultsOf({ name: 'canary\0', ...hostile });
  expect(JSON.stringify([error.message, error.faults])).not.toContain('canary');
  expect(error.faults.length).toBeLessThanOrEqual(32);
  expect(JSON.stringify(error.faults).length).toBeLessThan(16_384);
});

test('a fault outside the body names its place', () => {
  expect(faultsOf({ name: 1 }, 'querystring').faults[0]?.message).toMatch(/^query parameter: /);
  expect(faultsOf({ name: 1 }, 'params').faults[0]?.message).toMatch(/^path parameter: /);
});

describe('U+0000', () => {
  const anything = validatorCompiler({ schema: z.any(), httpPart: 'body', method: 'POST', url: '/' });
  const refusal = (data: unknown) => (anything(data) as { error?: { faults: unknown } }).error?.faults;
  const message = 'must not hold the character U+0000';

  test('is refused in every text and name, with its pointer', () => {
    expect(refusal({ a: ['b', { 'c/d': 'x\0y' }] })).toEqual([{ pointer: '/a/1/c~1d', message }]);
    expect(refusal({ a: { 'b\0': 1 } })).toEqual([{ pointer: '/a', message }]);
    expect(refusal('\0')).toEqual([{ pointer: '', message }]);
    expect(refusal({ a: ['b', null, 1, true, { 'c/d': 'x y' }] })).toBeUndefined();
  });

  test('is found in a body of the deepest possible nesting', () => {
    const deep = (inner: string) =>
      JSON.parse('['.repeat(32_000) + JSON.stringify(inner) + ']'.repeat(32_000)) as unknown;
    expect(refusal(deep('x'))).toBeUndefined();
    expect(refusal(deep('\0'))).toHaveLength(1);
  });
});

describe('pages', () => {
  test('a cursor leads back to its id, and does not look like one', () => {
    const id = '0199f0c2-7a5b-7c3e-8f00-0123456789ab';
    expect(idOfCursor(cursorOf(id))).toBe(id);
    expect(cursorOf(id)).not.toContain('0199');
    expect(PageQuery.parse({ cursor: cursorOf(id) })).toEqual({ limit: 50, cursor: cursorOf(id) });
  });

  test.each([
    { limit: '0' },
    { limit: '101' },
    { limit: 'x' },
    { limit: '1.5' },
    { cursor: 'x' },
    { other: '1' },
  ])('refused: %j', (query) => {
    expect(PageQuery.safeParse(query).success).toBe(false);
  });
});
