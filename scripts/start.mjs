/** `npm start`: from a fresh clone to a running API with a demo tenant and a VPN server. */
import { isatty } from 'node:tty';
import { endWithNpm } from './npm-parent.mjs';
import { endChildren, installSystemPackages, orStop, prepare, say } from './prepare.mjs';

endWithNpm();
// Until CVault handles signals itself. A hang-up only matters to a process that is attached to a terminal.
const attached = [0, 1, 2].some((stream) => isatty(stream));
const end = (signal) => {
  if (signal === 'SIGHUP' && !attached) return;
  endChildren();
  process.exit(1);
};
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
for (const signal of signals) process.on(signal, end);

await orStop(async () => {
  await prepare();
  const missing = await installSystemPackages('start');
  if (missing.length > 0) say(`without root these packages are not installed: ${missing.join(' ')}`);
});

// From here on CVault handles them and stops cleanly.
for (const signal of signals) process.off(signal, end);
process.env.CVAULT_MODE ??= 'demo';
await import('../packages/api/dist/main.js');
