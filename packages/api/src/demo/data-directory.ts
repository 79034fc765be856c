import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** When the process started, by the kernel's count, so that a reused process id is not taken for the old one. */
async function startTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // Field 22 (proc(5)); the second one may hold spaces, so count from its closing bracket.
  return stat === null ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Makes the data directory, for its owner's eyes only, and holds it until `release`. A lock whose process is gone is
 * taken over.
 * @throws Error where another CVault is using it
 */
export async function holdDataDirectory(path: string): Promise<{ path: string; release(): Promise<void> }> {
  const folder = resolve(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = join(folder, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: await startTime(process.pid) });
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(lock, 'wx', 0o600);
      await file.writeFile(mine);
      await file.close();
      return { path: folder, release: () => rm(lock, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = JSON.parse((await readFile(lock, 'utf8').catch(() => '')) || '{}') as Partial<{
        pid: number;
        started: string | null;
      }>;
      if (
        holder.pid !== undefined &&
        isAlive(holder.pid) &&
        (await startTime(holder.pid)) === holder.started
      ) {
        throw new Error(
          `The data directory ${folder} is in use by process ${holder.pid}. Stop that one, or set CVAULT_DATA_DIR to another.`,
          { cause: error },
        );
      }
      await rm(lock, { force: true });
    }
  }
  throw new Error(`The data directory ${folder} is in use: another start took it at the same moment.`);
}

/** Writes a file that only its owner can read, whole or not at all. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
