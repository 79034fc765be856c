const LOOK_MS = 500;

/**
 * Stops this process cleanly when the npm that runs it is gone: npm forwards SIGINT and SIGTERM, but cannot when it
 * is killed. Only npm is watched, because a person who runs this file directly may leave it running on purpose.
 */
export function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined || hasNohup()) return;
  const npm = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(look);
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  look.unref();
}

/**
 * Whether it was started with `nohup npm …`. A hang-up then ends npm, because Node.js overrides nohup's ignoring of
 * the signal, but must not end us. Shells put the started program into `_`.
 */
function hasNohup() {
  return /(^|\/)nohup$/.test(process.env._ ?? '');
}
