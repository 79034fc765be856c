/** How much of the kernel lane is run: a shortened round inside `npm test`, all of it by `npm run test:kernel`. */
import { loadavg } from 'node:os';

export const isFull = process.env['CVAULT_KERNEL'] === 'full';

export const say = (text: string): void => void process.stdout.write(`kernel: ${text}\n`);

/** The folder with the root image, which scripts/kernel.mjs makes before the tests begin. */
export function imageFolder(): string {
  const folder = process.env['CVAULT_KERNEL_IMAGE'];
  if (folder === undefined) throw new Error('run the kernel lane by: npm run test:kernel');
  return folder;
}

/** Does it, and says how long it took and how busy the machine was: figures to read, never to assert. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  say(`${what}: ${seconds} s at load ${loadavg()[0]?.toFixed(1) ?? '?'}`);
  return result;
}

export const inRound = <T>(sizes: { short: T; full: T }): T => (isFull ? sizes.full : sizes.short);
