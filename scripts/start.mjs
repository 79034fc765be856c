/** `npm start`: from a fresh clone to a serving API with a demo tenant and a VPN server. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { installSystemPackages, orStop, prepare, ROOT, say } from './prepare.mjs';

await orStop(() => {
  prepare();
  const missing = installSystemPackages('start');
  if (missing.length > 0) say(`without root these packages are not installed: ${missing.join(' ')}`);
});

const api = spawn(process.execPath, [join(ROOT, 'packages/api/dist/main.js')], {
  stdio: 'inherit',
  env: { CVAULT_MODE: 'demo', ...process.env },
});
// A signal to the whole terminal reaches the API by itself; one to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => api.kill(signal));
api.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
