/** This rule once existed five times, and the copies diverged. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = dirname(import.meta.dirname);

test('only the builder marks devices deleted', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const writers = files.filter(
    (file) =>
      file.endsWith('.ts') &&
      !file.endsWith('.test.ts') &&
      /UPDATE devices SET (?:(?!WHERE|FROM)[^`])*(?<![.\w])state = 'deleted'/.test(
        readFileSync(join(SOURCES, file), 'utf8'),
      ),
  );
  expect(writers).toEqual(['devices/end.ts']);
});
