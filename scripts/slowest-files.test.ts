import { expect, test } from 'vitest';
import { slowestFiles } from './slowest-files.mjs';

test('the slowest 20 files are named, the slowest first', () => {
  const files = Array.from({ length: 25 }, (_, n) => ({ name: `${n}.test.ts`, seconds: (n * 7) % 25 }));
  const lines = slowestFiles(files);
  expect(lines).toHaveLength(21);
  expect(lines.slice(0, 3)).toEqual([
    'the slowest 20 of 25 test files:',
    '    24.0 s  7.test.ts',
    '    23.0 s  14.test.ts',
  ]);
  expect(lines.at(-1)).toBe('     5.0 s  15.test.ts');
});

test('where no file ran, nothing is said', () => {
  expect(slowestFiles([])).toEqual([]);
});
