/** The size of the kernel lane: shortened in `npm test`, full in `npm run test:kernel`. */
import { loadavg } from 'node:os';

export const isFull = process.env['CVAULT_KERNEL'] === 'full';

export const say = (text: string): void => void process.stdout.write(`kernel: ${text}\n`);

/** The folder with the root image, which scripts/kernel.mjs builds before the tests. */
export function imageFolder(): string {
  const folder = process.env['CVAULT_KERNEL_IMAGE'];
  if (folder === undefined) throw new Error('run the kernel lane by: npm run test:kernel');
  return folder;
}

/** Runs `work` and prints its duration and the machine's load. The figures are never asserted. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  say(`${what}: ${seconds} s at load ${loadavg()[0]?.toFixed(1) ?? '?'}`);
  return result;
}

export const inRound = <T>(sizes: { short: T; full: T }): T => (isFull ? sizes.full : sizes.short);
