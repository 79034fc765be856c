/**
 * Ends the PostgreSQL of a test run whose process was killed: node postgres-reaper.mjs FOLDER. The pipe from that process closes
 * when it is gone, however it went. JavaScript, because Node.js runs it without a build. The data is worth nothing any more, so
 * nothing is ended in order.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const folder = process.argv[2];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
let said = '';
for await (const chunk of process.stdin) said += chunk;
if (said === 'in order') process.exit();

const postmaster = await readFile(join(folder, 'data/postmaster.pid'), 'utf8').catch(() => '');
const pid = Number(postmaster.split('\n')[0]);
if (pid > 1) {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
// Its processes may still write while the folder goes.
await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
