import { CVaultError } from '../errors.ts';
import { FairQueue } from '../limits/fair-queue.ts';
import { setTimeout as wait } from 'node:timers/promises';

export interface TurnstileLimits {
  /** How many are inside at once. */
  readonly inside: number;
  /** How many get in within a second for long, and how many more in a burst after a quiet time. */
  readonly perSecond: number;
  readonly burst: number;
  /** How many wait outside; beyond that the client with the longest line is refused. */
  readonly waiting: number;
}

/** The time that the pace is kept by, in milliseconds. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** A turn that was had. */
export interface Turn {
  /** Lets the next one in. */
  leave(): void;
  /** Was no stranger after all: the next one need not wait for the pace. */
  refund(): void;
}

const tooMany = () =>
  new CVaultError('overloaded', 'Too many requests without a valid credential are waiting.', {
    retryAfterSeconds: 2,
  });

/**
 * Lets in a few at a time and so many in a second; clients take turns. What gets through costs the process a small, known
 * share of its time, however many ask. Whoever waits costs a connection and nothing else.
 */
export function createTurnstile(
  limits: TurnstileLimits,
  { now, sleep }: Clock = { now: () => performance.now(), sleep: (ms) => wait(ms) },
) {
  const queue = new FairQueue({ running: limits.inside, waiting: limits.waiting }, tooMany);
  const everyMs = 1_000 / limits.perSecond;
  /** When the next one may go in, were there no burst. */
  let due = 0;

  async function pace(): Promise<void> {
    const at = now();
    due = Math.max(due, at - limits.burst * everyMs) + everyMs;
    if (due > at) await sleep(due - at);
  }

  return {
    /**
     * Waits for a turn. Never resolves for a client that is gone by then.
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
