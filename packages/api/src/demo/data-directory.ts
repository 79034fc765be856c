import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../platform/process/process.ts';

/** How long a start waits while the previous one's leftovers are cleared. */
const CLEARING_MS = 60_000;
/** How long a killed process may take to disappear. */
const GOING_MS = 2_000;
const LOOK_MS = 50;

interface Holder {
  readonly pid: number;
  /** The process's start time, which distinguishes reused process ids; null if unknown. */
  readonly started: string | null;
  /** True for a process that only clears the leftovers of a killed CVault and ends soon. */
  readonly clearing: boolean;
}

type Release = () => Promise<void>;

async function startTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // Fields 3 and 22 (proc(5)). Field 2 may contain spaces, so counting starts after its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended; only its parent has not noticed.
  return fields[0] === 'Z' ? null : (fields[19] ?? null);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const isAlive = async ({ pid, started }: Holder): Promise<boolean> =>
  isThere(pid) && (await startTime(pid)) === started;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

const lockIn = (folder: string) => join(folder, 'lock');

async function readLock(folder: string): Promise<{ text: string; holder: Holder | null } | null> {
  const text = await readFile(lockIn(folder), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return { text, holder: JSON.parse(text) as Holder };
  } catch {
    return { text, holder: null };
  }
}

/** Creates a complete lock, or returns null if there is one. */
async function lock(folder: string, clearing: boolean): Promise<Release | null> {
  const mine = JSON.stringify({ pid: process.pid, started: await startTime(process.pid), clearing });
  const draft = `${lockIn(folder)}.${process.pid}.new`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    await link(draft, lockIn(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    if ((await readLock(folder))?.text === mine) await rm(lockIn(folder), { force: true });
  };
}

/** Removes a dead holder's lock. Of concurrent callers one succeeds, and a newer lock is put back. */
async function breakLock(folder: string, text: string): Promise<void> {
  const away = `${lockIn(folder)}.${process.pid}.old.new`;
  try {
    await rename(lockIn(folder), away);
    if ((await readFile(away, 'utf8')) !== text) await link(away, lockIn(folder));
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(away, { force: true });
  }
}

const unusable = (folder: string, cause: unknown): StartError =>
  new StartError(
    `The data directory ${folder} cannot be used: ${(cause as Error).message}. Set CVAULT_DATA_DIR to another.`,
    { cause },
  );

/** Node's own recursive mkdir never ends where a file system, such as /proc, says ENOENT of a folder whose parent is there. */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder, { mode: 0o700 });
  try {
    await make();
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    const parent = dirname(folder);
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error;
    await makeFolder(parent);
    // One of two concurrent starts makes it.
    await make().catch((again: unknown) => {
      if (codeOf(again) !== 'EEXIST') throw again;
    });
  }
}

/**
 * Creates the data directory, readable for its owner only, and locks it until `release`. A dead process's lock is
 * taken over.
 * @throws StartError if another CVault uses it, or if nothing can be created in it
 */
export async function holdDataDirectory(path: string): Promise<{ path: string; release: Release }> {
  const folder = resolve(path);
  try {
    await makeFolder(folder);
    return { path: folder, release: await hold(folder) };
  } catch (error) {
    throw error instanceof StartError ? error : unusable(folder, error);
  }
}

async function hold(folder: string): Promise<Release> {
  const giveUp = Date.now() + CLEARING_MS;
  for (;;) {
    const release = await lock(folder, false);
    if (release !== null) return release;
    const found = await readLock(folder);
    if (found === null) continue;
    const { text, holder } = found;
    if (holder === null || !(await isAlive(holder))) {
      await breakLock(folder, text);
    } else if (holder.clearing && Date.now() < giveUp) {
      await sleep(LOOK_MS);
    } else {
      throw new StartError(
        `The data directory ${folder} is in use by process ${holder.pid}. Stop that one, or set CVAULT_DATA_DIR to another.`,
      );
    }
  }
}

/**
 * Takes over the directory of a killed process, or shares it while that process ends. Null if the directory was
 * released or has a new holder.
 */
export async function takeOverDataDirectory(folder: string, owner: number): Promise<Release | null> {
  const found = await readLock(folder);
  if (found === null || found.holder?.pid !== owner) return null;
  // A killed process's pipe closes just before it disappears. A process that stays waits for us, and holds the lock
  // for both.
  const giveUp = Date.now() + GOING_MS;
  while (await isAlive(found.holder)) {
    if (Date.now() > giveUp) return () => Promise.resolve();
    await sleep(LOOK_MS);
  }
  await breakLock(folder, found.text);
  return lock(folder, true);
}

/** Whether a file is a draft whose writer is gone. A living writer may still be about to use it as a lock. */
export function isAbandonedDraft(name: string): boolean {
  const pid = /\.(\d+)(?:\.old)?\.new$/.exec(name)?.[1];
  return pid !== undefined && !isThere(Number(pid));
}

/** Atomically writes a file that only its owner can read. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
