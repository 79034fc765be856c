import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { HOLDS } from '../devices/index.ts';
import { WEBHOOK_EVENTS } from './events.ts';

const FUNCTIONS = new URL('../../prisma/functions/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, FUNCTIONS), 'utf8');

test('the database emits the events of the table, and no other', () => {
  const emitted = readdirSync(FUNCTIONS)
    .filter((file) => /^emit_\w+_events\.sql$/.test(file))
    .flatMap((file) => [...read(file).matchAll(/'([a-z_]+\.[a-z_]+)'/g)].map((match) => match[1]!));
  expect([...new Set(emitted)].sort()).toEqual(Object.keys(WEBHOOK_EVENTS).sort());
});

test('events are emitted from functions/emit_*.sql alone, by the triggers beside them', () => {
  const triggers = new URL('../../prisma/triggers/', import.meta.url);
  for (const file of readdirSync(triggers)) {
    expect(readFileSync(new URL(file, triggers), 'utf8'), file).not.toContain('"emit_');
  }
});

test('the reasons that are told are all holds that there are', () => {
  const [bits, names] = [...read('hold_names.sql').matchAll(/ARRAY\[(.*?)\]/g)].map((match) =>
    match[1]!.replaceAll("'", '').split(', '),
  );
  expect(Object.fromEntries(names!.map((name, index) => [name, Number(bits![index])]))).toEqual(HOLDS);
});
