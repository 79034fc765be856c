import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 200;

/**
 * Does `work` while nobody else does the same for this folder. The lock is a socket with an abstract name (unix(7)), which
 * the kernel takes back from whoever dies; where there are none, nobody waits.
 * @param onWait told once when somebody else is at it
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
