/** `npm run test:kernel`: the full round of the kernel lane: a VPN server on a machine with a kernel of its own. */
import { kernelImage, whyNoKernelLane } from './kernel-image.mjs';
import { installSystemPackages, orStop, prepare, Stop } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

await orStop(async () => {
  prepare();
  const why = whyNoKernelLane();
  if (why !== undefined) throw new Stop(`the kernel lane cannot run on this machine: it ${why}.`);
  const missing = installSystemPackages('test');
  if (missing.length > 0) throw new Stop(`missing packages: ${missing.join(' ')}`);
  const env = { CVAULT_KERNEL: 'full', CVAULT_KERNEL_IMAGE: kernelImage() };
  const { passed, failed, skipped } = await runTests(['kernel'], {
    args: process.argv.slice(2),
    env,
    apart: true,
  });
  for (const { name, why: reason } of failed) process.stdout.write(`failed: ${name}: ${reason}\n`);
  process.stdout.write(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped\n`);
  process.exitCode = failed.length === 0 ? 0 : 1;
});
