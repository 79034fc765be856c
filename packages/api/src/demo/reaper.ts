/**
 * A process that outlives CVault briefly. If CVault is killed, the pipe between the two closes, and this process
 * stops PostgreSQL and removes interfaces.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { takeOverDataDirectory } from './data-directory.ts';
import { clearLeftovers } from './leftovers.ts';

const IN_ORDER = 'in order';

/**
 * Starts the reaper for a data directory that the caller has locked.
 * @returns a function that ends it and waits for its exit; unless the shutdown was clean, it clears the leftovers
 */
export function startReaper(dataDir: string): (inOrder: boolean) => Promise<void> {
  // In its own session, so that killing the process group does not kill it too.
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
