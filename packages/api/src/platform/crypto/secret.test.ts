import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('no way of printing reveals the value', () => {
  const secret = new Secret('canary-7f3a');
  const holder = { deep: [{ secret }] };
  const error = new Error(`with ${String(secret)}`);
  const printed = [
    String(secret),
    JSON.stringify(holder),
    inspect(holder, { depth: 9, showHidden: true }),
    inspect(error),
    Object.values(secret).join(),
  ];
  expect(printed.join()).not.toContain('canary-7f3a');
  expect(secret.reveal()).toBe('canary-7f3a');
});
