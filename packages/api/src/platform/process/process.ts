import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type { Logger } from 'pino';

/** Longest that one step of an ordered end may take, unless it says otherwise; then the next one has its turn. */
const STEP_MS = 10_000;
/** Longest that a start goes on after a signal, until the step that it is at has ended. */
const START_STEP_MS = 15_000;

/** A start that was asked to end. */
export class Interrupted extends Error {
  constructor() {
    super('The start was interrupted.');
  }
}

/** Something that a person can mend, such as a port that is taken: its message says how, and is printed alone. */
export class StartError extends Error {}

/** @param inOrder whether everything that was started later has ended in order */
export type Stop = (inOrder: boolean) => Promise<unknown>;

/** What was started, to be ended in the reverse order, whatever happens on the way. */
export class Started {
  readonly #stops: { what: string; stop: Stop; withinMs: number }[] = [];
  readonly #interruption = new AbortController();

  /** Aborted once the process was asked to end. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  interrupt(): void {
    this.#interruption.abort(new Interrupted());
  }

  /** @throws Interrupted where the process was asked to end meanwhile; what was added is ended all the same */
  add(what: string, stop: Stop, withinMs = STEP_MS): void {
    this.#stops.push({ what, stop, withinMs });
    this.interrupted.throwIfAborted();
  }

  /** One step that fails or hangs does not keep the others from their turn. Answers whether all ended in order. */
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
 * A hang-up says that the terminal is gone, so it ends what is attached to one. Node.js takes back what `nohup` had the
 * process ignore; but `nohup` detaches all three streams, which is how we know.
 */
const isAttached = () => [0, 1, 2].some((stream) => isatty(stream));

/**
 * Starts, lives until a signal or an error that nobody caught, and ends everything that was started.
 * @param report told why the start failed
 * @returns the exit code
 */
export async function live(
  start: () => Promise<void>,
  started: Started,
  log: () => Logger,
  report: (error: unknown) => void,
): Promise<number> {
  // A terminal that is gone, or a pipe, takes no more words: that must not keep the end from being in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  // Asked now: of a terminal that is gone, the system says that it is none.
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
