const [MINUTE, HOUR] = [60, 3_600];

/** Seconds between attempts: three days in all, as Standard Webhooks proposes. */
const PAUSES = [
  0,
  5,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

export const ATTEMPTS_MAX = PAUSES.length;
/** The maximum share added to a pause, so that deliveries that failed together are not retried together. */
const JITTER = 0.2;

/**
 * Seconds until the next attempt; null after the last.
 * @param failed the number of failed attempts, 1 or more
 * @param retryAfterSeconds requested by the receiver; never shortens the pause
 * @param random 0 to below 1
 */
export function pauseAfter(
  failed: number,
  retryAfterSeconds: number | null,
  random: () => number = Math.random,
): number | null {
  const pause = PAUSES[failed];
  if (pause === undefined) return null;
  return Math.max(pause * (1 + JITTER * random()), retryAfterSeconds ?? 0);
}
