import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stopLeftoverPostgres } from '../platform/db/embedded.ts';
import { UPLINK } from './cable.ts';
import { attempt, run } from './command.ts';
import { isAbandonedDraft } from './data-directory.ts';
import { removeDemoFile } from './demo-file.ts';
import { endForwarding } from './forwarding.ts';

/** Names that follow from the data directory: several demos live side by side, and each finds what it left behind. */
export function namesFor(dataDir: string) {
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  return { id, netns: `cvault-${id}`, interfaceName: `cv-${id}` };
}

/** Everything of the VPN server on this machine: processes, interfaces, addresses, rules. */
export async function clearVpnServer(dataDir: string): Promise<void> {
  const { id, netns, interfaceName } = namesFor(dataDir);
  for (const pid of (await run('ip', 'netns', 'pids', netns).catch(() => '')).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  // With this end of the cable the other one goes at once; the namespace's own end may take the kernel a while.
  await attempt('ip', '-n', netns, 'link', 'delete', UPLINK);
  await attempt('ip', '-n', netns, 'link', 'delete', interfaceName);
  await attempt('ip', 'netns', 'delete', netns);
  // What wireguard-go leaves when it is killed.
  await rm(`/var/run/wireguard/${interfaceName}.sock`, { force: true });
  await endForwarding(id);
}

/** Whatever a CVault that was killed left of this data directory. The caller holds it. */
export async function clearLeftovers(dataDir: string): Promise<void> {
  await stopLeftoverPostgres(join(dataDir, 'postgres'));
  if (process.platform === 'linux' && process.getuid?.() === 0) await clearVpnServer(dataDir);
  await removeDemoFile(dataDir);
  for (const name of await readdir(dataDir)) {
    if (isAbandonedDraft(name)) await rm(join(dataDir, name), { force: true });
  }
}
