import { existsSync } from 'node:fs';
import { kernelImage, kernelImageFolder } from './kernel-image.mjs';
import { installDebianPackages, isInstalled } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

/** Programs that the lane needs in addition to those of the end-to-end tests. */
const PROGRAMS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
};

const missingPackages = () =>
  Object.entries(PROGRAMS)
    .filter(([program]) => !isInstalled(program))
    .map(([, name]) => name);

/**
 * Why this machine cannot run the kernel lane; undefined if it can.
 * @param options.mayFetch installs missing packages now, before any test reads this machine's files;
 * `runKernelLane` fetches the image.
 */
export async function whyNoKernelLane({ mayFetch }) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  if (process.getuid() !== 0) return 'needs root';
  if (!isInstalled('apt-get')) return 'needs apt-get, to make its root image of Debian packages';
  const wanted = missingPackages();
  if (!mayFetch && (wanted.length > 0 || !existsSync(kernelImageFolder())))
    return 'needs QEMU and a root image (350 MB): `npm run test:kernel` fetches them';
  if (wanted.length > 0) await installDebianPackages(wanted);
  const missing = missingPackages();
  return missing.length > 0 ? `needs the packages ${missing.join(' ')}` : undefined;
}

/**
 * Runs tests of a VPN server on a machine with its own kernel. Builds that machine's image if it is missing.
 * @param options.isFull the full round instead of the shortened one
 * @param options.args more arguments for vitest, in the full round
 * @param options.atTheEnd see runTests
 * @throws Stop if the image cannot be built
 */
export async function runKernelLane({ isFull, args = [], atTheEnd = false }) {
  const env = { CVAULT_KERNEL: isFull ? 'full' : 'short', CVAULT_KERNEL_IMAGE: await kernelImage() };
  const files = isFull ? args : ['e2e/kernel/vpn-server.test.ts'];
  return runTests(['kernel'], { args: files, env, apart: true, atTheEnd });
}
