import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Logger } from 'pino';

/** The default time limit for one step of a shutdown. */
const STEP_MS = 10_000;
/** How long a start may finish its current step after a signal. */
const START_STEP_MS = 15_000;

/** The start was interrupted by a request to stop. */
export class Interrupted extends Error {
  constructor() {
    super('The start was interrupted.');
  }
}

/** A failure that a person can fix, such as a taken port. Only its message is printed. */
export class StartError extends Error {}

/** @param inOrder whether everything that started later has stopped cleanly */
export type Stop = (inOrder: boolean) => Promise<unknown>;

/** Started parts, to be stopped in reverse order, whatever fails. */
export class Started {
  readonly #stops: { what: string; stop: Stop; withinMs: number }[] = [];
  readonly #interruption = new AbortController();

  /** Aborted when the process is asked to stop. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  interrupt(): void {
    this.#interruption.abort(new Interrupted());
  }

  /** @throws Interrupted if the process was asked to stop meanwhile; the added part is stopped all the same */
  add(what: string, stop: Stop, withinMs = STEP_MS): void {
    this.#stops.push({ what, stop, withinMs });
    this.interrupted.throwIfAborted();
  }

  /** Stops all parts, even if one fails or hangs. Returns whether all stopped cleanly. */
  async stopAll(log: Logger, startEnded = true): Promise<boolean> {
    let inOrder = startEnded;
    for (let last = this.#stops.pop(); last !== undefined; last = this.#stops.pop()) {
      const { what, stop, withinMs } = last;
      try {
        await within(withinMs, stop(inOrder));
      } catch (error) {
        inOrder = false;
        log.error({ err: error, what }, 'could not be stopped in order');
      }
    }
    return inOrder;
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`not done after ${ms} ms`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

/**
 * A hang-up means that the terminal is gone, so it ends a process that is attached to one. Node.js overrides
 * `nohup`'s ignoring of the signal, but `nohup` detaches all three streams, which is checked here.
 */
const isAttached = () => [0, 1, 2].some((stream) => isatty(stream));

/**
 * Starts, runs until a signal or an uncaught error, and stops everything.
 * @param report called with the reason of a failed start
 * @returns the exit code
 */
export async function live(
  start: () => Promise<void>,
  started: Started,
  log: () => Logger,
  report: (error: unknown) => void,
): Promise<number> {
  // A closed terminal or pipe must not disturb the shutdown.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // Checked now: a closed terminal no longer looks like one.
  const endsOnHangUp = isAttached();
  const asked = new Promise<number>((resolve) => {
    const end = (why: string, code: number) => {
      log().info({ why }, 'stopping');
      started.interrupt();
      resolve(code);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(signal, 0));
    process.on('SIGHUP', () => {
      if (endsOnHangUp) end('SIGHUP', 0);
    });
    process.on('uncaughtException', (error) => {
      log().fatal({ err: error }, 'an error that nobody caught');
      end('uncaughtException', 1);
    });
  });
  const starting = start().then(
    () => asked,
    (error: unknown) => {
      if (started.interrupted.aborted) return asked;
      report(error);
      return 1;
    },
  );
  const late = asked.then(() => sleep(START_STEP_MS, null, { ref: false }));
  const code = await Promise.race([starting, late]);
  const inOrder = await started.stopAll(log(), code !== null);
  return inOrder ? (code ?? 1) : 1;
}
