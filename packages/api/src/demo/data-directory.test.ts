import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StartError } from '../platform/process/process.ts';
import { holdDataDirectory, isAbandonedDraft } from './data-directory.ts';

test('a draft is abandoned only after its writer is gone', () => {
  const dead = spawnSync('true').pid;
  const drafts = (pid: number) => [`lock.${pid}.new`, `lock.${pid}.old.new`, `demo.json.${pid}.new`];
  expect(drafts(dead).map(isAbandonedDraft)).toEqual([true, true, true]);
  expect(drafts(process.pid).map(isAbandonedDraft)).toEqual([false, false, false]);
  expect(['lock', 'demo.json', 'postgres'].map(isAbandonedDraft)).toEqual([false, false, false]);
});

test.each(['/proc/x', '/proc/x/y', '/proc', '/dev/null', '/dev/null/x'])(
  '%s, in which nothing can be made, is refused at once',
  async (path) => {
    await expect(holdDataDirectory(path)).rejects.toMatchObject({
      constructor: StartError,
      message: expect.stringMatching(
        /^The data directory \/.+ cannot be used: .+ Set CVAULT_DATA_DIR/,
      ) as string,
    });
  },
);

test('one that is not there is made with its parents, and held', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cvault-data-'));
  const held = await holdDataDirectory(join(root, 'a', 'b'));
  await expect(holdDataDirectory(join(root, 'a', 'b'))).rejects.toThrow(/in use by process/);
  await held.release();
  await rm(root, { recursive: true });
});
