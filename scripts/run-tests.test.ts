/** An interrupted `npm test` leaves nothing behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** All integration tests, so that the run takes minutes. */
const RUN = `
const { runTests } = await import('./scripts/run-tests.mjs');
await runTests(['integration']);`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Ids of the processes that use this temporary folder. */
async function processesWith(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [environment, command] = await Promise.all(
      ['environ', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
    );
    if (environment?.includes(`TMPDIR=${folder}\0`) === true || command?.includes(folder) === true) {
      found.push(Number(name));
    }
  }
  return found;
}

test.runIf(process.platform === 'linux').each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'npm test ended by %s leaves no process and no folder',
  { timeout: 180_000 },
  async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), 'cvault-ended-'));
    const runner = spawn(process.execPath, ['--input-type=module', '--eval', RUN], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], TMPDIR: folder },
      stdio: 'ignore',
    });
    const ended = once(runner, 'exit');
    const postmaster = async () => {
      for (const name of await readdir(folder)) {
        const text = await readFile(join(folder, name, 'data/postmaster.pid'), 'utf8').catch(() => '');
        if (text !== '') return Number(text.split('\n')[0]);
      }
      return 0;
    };
    await expect.poll(postmaster, { timeout: 90_000 }).toBeGreaterThan(1);
    const pid = await postmaster();
    runner.kill(signal);
    await ended;
    await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false);
    await expect.poll(() => processesWith(folder), { timeout: 60_000 }).toEqual([]);
    await expect.poll(async () => readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  },
);
