import { expect, test } from 'vitest';
import { named } from './named.ts';

test('parameters are numbered in the order of their first use, whatever the order of the values', () => {
  const statement = named<{ id: string; tenantId: string }>('s', 'SELECT $tenantId::uuid, $id, $tenantId');
  expect(statement.with({ id: 'i', tenantId: 't' })).toEqual({
    name: 's',
    text: 'SELECT $1::uuid, $2, $1',
    values: ['t', 'i'],
  });
});

test('null is a value; a value that is missing is an error with its name', () => {
  const statement = named<{ id?: string | null }>('s', 'SELECT $id');
  expect(statement.with({ id: null }).values).toEqual([null]);
  expect(() => statement.with({})).toThrow('The statement s needs a value for $id.');
});

test('what is no parameter stays: numbers, dollar quotes, casts', () => {
  const text = "SELECT $1, $$text$$, '5 $', a::text";
  expect(named('s', text).text).toBe(text);
});
