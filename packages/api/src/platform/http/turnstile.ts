import { CVaultError } from '../errors.ts';
import { FairQueue } from '../limits/fair-queue.ts';
import { setTimeout as wait } from 'node:timers/promises';

export interface TurnstileLimits {
  /** Turns at the same time. */
  readonly inside: number;
  /** The sustained rate, and the burst allowed after a quiet time. */
  readonly perSecond: number;
  readonly burst: number;
  /** Waiting requests. Beyond that, the client with the longest queue is refused. */
  readonly waiting: number;
}

/** The clock of the pace, in milliseconds. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A turn that was had. */
export interface Turn {
  /** Ends the turn. */
  leave(): void;
  /** Returns the turn's share of the pace, for a client that proved to be no stranger. */
  refund(): void;
}

const tooMany = () =>
  new CVaultError('overloaded', 'Too many requests without a valid credential are waiting.', {
    retryAfterSeconds: 2,
  });

/**
 * Admits a few requests at a time at a fixed rate; clients take turns. Admitted requests cost the process a small,
 * known share of its time, however many arrive. A waiting request costs one connection.
 */
export function createTurnstile(
  limits: TurnstileLimits,
  { now, sleep }: Clock = { now: () => performance.now(), sleep: (ms) => wait(ms) },
) {
  const queue = new FairQueue({ running: limits.inside, waiting: limits.waiting }, tooMany);
  const everyMs = 1_000 / limits.perSecond;
  /** The next turn's time if there were no burst. */
  let due = 0;

  async function pace(): Promise<void> {
    const at = now();
    due = Math.max(due, at - limits.burst * everyMs) + everyMs;
    if (due > at) await sleep(due - at);
  }

  return {
    /**
     * Waits for a turn. Never resolves if the client has gone by then.
     * @throws CVaultError `overloaded`
     */
    enter(client: string, isGone: () => boolean): Promise<Turn> {
      return new Promise((entered, refused) => {
        const pass = async () => {
          if (isGone()) return;
          await pace();
          await new Promise<void>((leave) => {
            entered({
              leave,
              refund: () => {
                due -= everyMs;
              },
            });
          });
        };
        queue.run(client, pass).catch(refused);
      });
    },
  };
}

export type Turnstile = ReturnType<typeof createTurnstile>;
