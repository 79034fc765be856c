import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { isAbandonedDraft } from './data-directory.ts';

test('a draft is abandoned only after its writer is gone', () => {
  const dead = spawnSync('true').pid;
  const drafts = (pid: number) => [`lock.${pid}.new`, `lock.${pid}.old.new`, `demo.json.${pid}.new`];
  expect(drafts(dead).map(isAbandonedDraft)).toEqual([true, true, true]);
  expect(drafts(process.pid).map(isAbandonedDraft)).toEqual([false, false, false]);
  expect(['lock', 'demo.json', 'postgres'].map(isAbandonedDraft)).toEqual([false, false, false]);
});
