import { expect, test } from 'vitest';
import { filters } from './filters.ts';

test('the text has only the given filters, each with its parameter number', () => {
  expect(
    filters(
      ['tenant', 50],
      [
        ['id >', undefined],
        ['user_id =', 'u'],
        ['state =', null],
        ['mode =', 'live'],
      ],
    ),
  ).toEqual({
    and: ' AND user_id = $3 AND mode = $4',
    values: ['tenant', 50, 'u', 'live'],
  });
});

test('nothing asked for: nothing added', () => {
  expect(filters(['tenant'], [['id >', null]])).toEqual({ and: '', values: ['tenant'] });
});
