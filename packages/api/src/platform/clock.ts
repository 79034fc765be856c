/** Where the time comes from, so that tests can set it. Order is never decided by it: generations do that. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
