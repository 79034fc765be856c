/**
 * `npm run test:kernel`: the full round of the kernel lane, which tests a VPN server on a machine with its own
 * kernel.
 */
import { runKernelLane, whyNoKernelLane } from './kernel-lane.mjs';
import { installSystemPackages, orStop, prepare, Stop } from './prepare.mjs';

await orStop(async () => {
  await prepare();
  const missing = await installSystemPackages('test');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);
  const why = await whyNoKernelLane({ mayFetch: true });
  if (why !== undefined) throw new Stop(`the kernel lane cannot run on this machine: it ${why}.`);
  const { passed, failed, skipped } = await runKernelLane({ isFull: true, args: process.argv.slice(2) });
  for (const { name, why: reason } of failed) process.stdout.write(`failed: ${name}: ${reason}\n`);
  process.stdout.write(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
});
