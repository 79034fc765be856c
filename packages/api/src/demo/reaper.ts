/**
 * A process that outlives CVault for a moment. When CVault is killed, nobody in it can end PostgreSQL or take away
 * interfaces; this one notices, because the pipe between the two closes, and does it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { takeOverDataDirectory } from './data-directory.ts';
import { clearLeftovers } from './leftovers.ts';

const IN_ORDER = 'in order';

/**
 * Starts it for a data directory, which the caller holds.
 * @returns ends it, and waits until it is gone; after an end that was not in order it clears what is left
 */
export function startReaper(dataDir: string): (inOrder: boolean) => Promise<void> {
  // A session of its own: what is killed with its whole process group must not take it along.
  const reaper = spawn(process.execPath, [fileURLToPath(import.meta.url), dataDir, String(process.pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(reaper, 'exit');
  reaper.stdin.on('error', () => undefined);
  return async (inOrder) => {
    reaper.stdin.end(inOrder ? IN_ORDER : '');
    await ended;
  };
}

async function reap(dataDir: string, owner: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  let said = '';
  for await (const chunk of process.stdin) said += String(chunk);
  if (said === IN_ORDER) return;
  const release = await takeOverDataDirectory(dataDir, owner);
  if (release === null) return;
  try {
    await clearLeftovers(dataDir);
  } finally {
    await release();
  }
}

const [program, dataDir, owner] = process.argv.slice(1);
if (program === fileURLToPath(import.meta.url) && dataDir !== undefined) await reap(dataDir, Number(owner));
