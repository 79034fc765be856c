import { readFile } from 'node:fs/promises';
import type { TestHost } from './test-host.ts';

const SCRIPT = new URL('offer-packages.sh', import.meta.url);

/** Makes these installed packages installable on a machine without access to a package archive. */
export async function offerPackages(host: TestHost, names: readonly string[]): Promise<void> {
  await host.must(['sh', '-s', '--', ...names], { input: await readFile(SCRIPT, 'utf8'), timeoutMs: 60_000 });
}
