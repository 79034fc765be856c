import pg from 'pg';
import { expect, test } from 'vitest';
import { isRefusal } from './transaction.ts';

function anError(code: string, severity: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('text', 4, 'error'), { code, severity });
}

test.each([
  ['23505', 'FEHLER', true],
  ['42501', 'ERREUR', true],
  ['57014', 'ERROR', true],
  ['P0001', 'エラー', true],
  ['57P01', 'FATAL', false],
  ['57P01', 'SCHWERWIEGEND', false],
  ['25P03', 'FATAL', false],
  ['53300', 'FATAL', false],
  ['XX000', 'PANIK', false],
])('%s, in whatever language (%s): the connection goes on: %s', (code, severity, goesOn) => {
  expect(isRefusal(anError(code, severity))).toBe(goesOn);
});

test('an error that is not PostgreSQL’s is no refusal', () => {
  expect(isRefusal(new Error('Connection terminated'))).toBe(false);
});
