/** The source of time, which tests can set. Generations, not times, decide order. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
