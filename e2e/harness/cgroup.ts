import { mkdir, readFile, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where cgroup v2 is mounted, which systemd needs even in a namespace; undefined where it is not. */
export async function cgroupRoot(): Promise<string | undefined> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return mounts.find(([, , type]) => type === 'cgroup2')?.[1];
}

/** Makes a cgroup, so that a systemd in a cgroup namespace sees that as its root and not the whole machine's. */
export async function makeCgroup(root: string, name: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  return folder;
}

/** Removes a cgroup whose processes have ended, with those that were made inside it. */
export async function removeCgroup(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeCgroup(join(folder, entry.name));
  }
  await rmdir(folder);
}
