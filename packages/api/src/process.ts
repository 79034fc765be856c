import type { Logger } from 'pino';

/** Longest that an ordered end may take; then what is left is given up. */
const STOP_DEADLINE_MS = 10_000;

/** What was started, to be ended in the reverse order, whatever happens on the way. */
export class Started {
  readonly #stops: { what: string; stop: () => Promise<void> }[] = [];

  add(what: string, stop: () => Promise<void>): void {
    this.#stops.push({ what, stop });
  }

  async stopAll(log: Logger): Promise<void> {
    for (let last = this.#stops.pop(); last !== undefined; last = this.#stops.pop()) {
      try {
        await last.stop();
      } catch (error) {
        log.error({ err: error, what: last.what }, 'could not be stopped in order');
      }
    }
  }
}

/** Ends the process in order on a signal, and on errors that nobody caught: what state it is in is then unknown. */
export function stopOnSignals(started: Started, log: Logger): void {
  let stopping = false;
  const stop = (why: string, code: number) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'stopping');
    setTimeout(() => {
      log.error('did not stop in time');
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    void started.stopAll(log).then(() => process.exit(code));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal, 0));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'an error that nobody caught');
    stop('uncaughtException', 1);
  });
}
