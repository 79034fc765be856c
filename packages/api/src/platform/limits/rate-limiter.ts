/** A client's maximum of requests per window. */
export interface RateLimit {
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface RateLimitState {
  readonly allowed: boolean;
  /** Remaining requests in this window. */
  readonly remaining: number;
  /** Seconds until the window ends, rounded up. */
  readonly resetSeconds: number;
}

/** Counts requests in fixed windows. A changed limit affects the current window. */
export interface RateLimiter {
  /** Counts one request of the client `key`. Never throws, since a failing limiter must not let requests through. */
  consume(key: string, rate: RateLimit): Promise<RateLimitState>;
}
