import { mkdir, readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The mount point of cgroup v2, which systemd needs even in a namespace; undefined without one. */
export async function cgroupRoot(): Promise<string | undefined> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.find(([, , type]) => type === 'cgroup2')?.[1];
}

/** Creates a cgroup, which a systemd in a cgroup namespace sees as its root instead of the whole machine's. */
export async function makeCgroup(root: string, name: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  return folder;
}

/** Removes a cgroup whose processes have ended, with its descendants. */
export async function removeCgroup(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(folder, entry.name));
  }
  await rmdir(folder);
}
