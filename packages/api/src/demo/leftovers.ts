import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stopLeftoverPostgres } from '../platform/db/embedded.ts';
import { UPLINK } from './cable.ts';
import { attempt, run } from './command.ts';
import { isAbandonedDraft } from './data-directory.ts';
import { removeDemoFile } from './demo-file.ts';
import { endForwarding } from './forwarding.ts';

/** Names derived from the data directory, so that several demos coexist and each finds its own leftovers. */
export function namesFor(dataDir: string) {
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  return { id, netns: `cvault-${id}`, interfaceName: `cv-${id}` };
}

/** Removes everything of the VPN server from this machine: processes, interfaces, addresses, rules. */
export async function clearVpnServer(dataDir: string): Promise<void> {
  const { id, netns, interfaceName } = namesFor(dataDir);
  for (const pid of (await run('ip', 'netns', 'pids', netns).catch(() => '')).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  // Deleting one end of the cable removes the other at once; deleting the namespace may take the kernel a while.
  await attempt('ip', '-n', netns, 'link', 'delete', UPLINK);
  await attempt('ip', '-n', netns, 'link', 'delete', interfaceName);
  await attempt('ip', 'netns', 'delete', netns);
  // A killed wireguard-go leaves its socket.
  await rm(`/var/run/wireguard/${interfaceName}.sock`, { force: true });
  await endForwarding(id);
}

/** Removes the leftovers of a killed CVault in this data directory, which the caller has locked. */
export async function clearLeftovers(dataDir: string): Promise<void> {
  await stopLeftoverPostgres(join(dataDir, 'postgres'));
  if (process.platform === 'linux' && process.getuid?.() === 0) await clearVpnServer(dataDir);
  await removeDemoFile(dataDir);
  for (const name of await readdir(dataDir)) {
    if (isAbandonedDraft(name)) await rm(join(dataDir, name), { force: true });
  }
}
