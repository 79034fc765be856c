/** The outbox was written by thirteen texts once. Two of them left an entry due up to half a millisecond after the moment that they meant. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = dirname(dirname(import.meta.dirname));

test('only the builder writes into the outbox', () => {
  const writers = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      file.endsWith('.ts') &&
      !file.endsWith('.test.ts') &&
      /INSERT INTO "?outbox\b/.test(readFileSync(join(SOURCES, file), 'utf8')),
  );
  expect(writers).toEqual(['platform/db/outbox.ts']);
});
