import { expect, test } from 'vitest';
import { given } from './filters.ts';

test('only what was asked for is in the text, each with the number of its value', () => {
  expect(
    given(
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
  expect(given(['tenant'], [['id >', null]])).toEqual({ and: '', values: ['tenant'] });
});
