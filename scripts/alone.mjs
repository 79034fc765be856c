import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 200;

/**
 * Runs `work` under a lock for this folder. The lock is an abstract Unix socket (unix(7)), which the kernel
 * releases when its holder dies. On systems without abstract sockets, there is no lock.
 * @param onWait called once if another process holds the lock
 */
export async function alone(folder, work, onWait) {
  if (process.platform !== 'linux') return work();
  const path = `\0cvault-${createHash('sha256').update(folder).digest('hex')}`;
  for (let waited = false; ; waited = true) {
    const lock = createServer();
    try {
      lock.listen(path);
      await once(lock, 'listening');
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
      if (!waited) onWait();
      await sleep(LOOK_MS);
      continue;
    }
    try {
      return await work();
    } finally {
      lock.close();
    }
  }
}
