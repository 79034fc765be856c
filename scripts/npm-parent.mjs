const LOOK_MS = 500;

/**
 * Ends this process in order when npm, which runs it, is gone: npm passes on SIGINT and SIGTERM, but cannot when it is
 * killed. Only npm is watched: whoever runs this file itself may leave it running on purpose.
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
 * Whether it was run by `nohup npm …`. A hang-up then ends npm, because Node.js takes back what nohup had it ignore, and
 * must not end us. Shells leave the program that they ran in `_`.
 */
function hasNohup() {
  return /(^|\/)nohup$/.test(process.env._ ?? '');
}
