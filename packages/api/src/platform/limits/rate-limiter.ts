/** How many requests one client may send in one window of time. */
export interface RateLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface RateLimitState {
  readonly allowed: boolean;
  /** Requests that are left in this window. */
  readonly remaining: number;
  /** Seconds until the window ends, rounded up. */
  readonly resetSeconds: number;
}

/** Counts requests in fixed windows. A change of the limit acts on the window that is under way. */
export interface RateLimiter {
  /** Counts one request of the client that `key` names. Never throws: a limiter that fails must not open the door. */
  consume(key: string, rate: RateLimit): Promise<RateLimitState>;
}
