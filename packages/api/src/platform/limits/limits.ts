/**
 * Every number that refuses somebody for asking too much or too often: rates, places, sizes, and how many of something one
 * tenant may have. What a tenant or the operator sets is in settings/settings.ts; how long a text may be stands with its schema.
 */

/* Requests without a valid credential --------------------------------------------------------------------------------- */

/**
 * For requests without a valid credential: 404, 405, documentation, public keys, preflights, wrong keys. An answer
 * costs about 0.3 ms, so all of them together use a few percent of the process. The burst is for a person who opens
 * the documentation.
 */
export const STRANGERS = { inside: 2, perSecond: 200, burst: 1_000, waiting: 10_000 } as const;
/**
 * For well-formed API keys that this process has not seen yet, real or invented. Two at a time leave the pool's
 * other connections to known keys.
 */
export const NEW_KEYS = { inside: 2, perSecond: 100, burst: 500, waiting: 10_000 } as const;
/** For health probes of load balancers, so that no other flood delays them. */
export const PROBES = { inside: 32, perSecond: 100, burst: 500, waiting: 10_000 } as const;
/** The number of existing keys, and of unknown ones, that a process remembers. */
export const KNOWN_KEYS = 100_000;
export const UNKNOWN_KEYS = 10_000;
/**
 * How long an unknown key is refused without another look-up. A new key is never affected: nobody can have sent its
 * 256 random bits before they were generated.
 */
export const UNKNOWN_MS = 5_000;

/* Rates ----------------------------------------------------------------------------------------------------------------- */

/** For a client without a credential, and for the operator per address. */
export const WITHOUT_TENANT = { limit: 6_000, windowSeconds: 60 } as const;
/** Costly routes get this fraction of the normal limit. */
export const COSTLY_SHARE = 20;
/** Wrong passwords per client and quarter of an hour, over all accounts. A tenant can raise it. */
export const WRONG_OF_CLIENT = { least: 100, windowSeconds: 900 } as const;
/** Wrong passwords per account and client: 10 at once, and 10 more every quarter of an hour. */
export const PASSWORD_OF_CLIENT = { burst: 10, everySeconds: 90 } as const;
/**
 * Wrong passwords per account over all clients. Slow enough that thousands of clients make at most 3,000 guesses a
 * day; never closed, so that strangers can lock the owner out for at most half a minute at a time.
 */
export const PASSWORD_OF_ALL = { burst: 50, everySeconds: 30 } as const;
/** Three of the million codes are valid at any time, and the password was correct before. */
export const CODE_OF_ALL = { burst: 10, everySeconds: 300 } as const;
/** Per address and purpose: three mails at once, and one more every ten minutes. */
export const SAME_MAIL = { burst: 3, everySeconds: 600 } as const;

/* One request ----------------------------------------------------------------------------------------------------------- */

/** Larger than any legitimate request, and far too small to exhaust a process. */
export const BODY_LIMIT_BYTES = 64 * 1024;
export const HEADER_LIMIT_BYTES = 16 * 1024;
export const PATH_PARAMETER_LIMIT = 100;
/** The time limit for a body, counted from the end of its headers. */
export const ARRIVAL_MS = 15_000;
/** The number of requests that a connection may pipeline. Browsers and SDKs pipeline none. */
export const AHEAD_MOST = 32;
/** The entries of a page, and how many there are where nothing is said. */
export const PAGE = { most: 100, usual: 50 } as const;
/** The maximum of rows per usage report: a month of hours for 134 devices. */
export const USAGE_ROWS_MAX = 100_000;
/** The maximum of points of a usage report: a month of hours, a year and a month of days. */
export const POINTS_MAX = { hour: 31 * 24, day: 400 } as const;

/* All requests together --------------------------------------------------------------------------------------------------- */

/**
 * Every request starts with one PostgreSQL look-up of its sender. The oldest unanswered look-up shows how long the
 * queue is, in this process and before the database, whatever requests do later (wait for a VPN server, hash a
 * password). Measured at twice the capacity of two cores: with the limit on places alone, p50 of accepted requests
 * was 3.3 s.
 */
export const QUEUE_MS = 500;
/** A long queue is a burst until it has lasted this long. After that, new requests are shed. */
export const BURST_MS = 5_000;
/** Keep shedding for 5 s after the last refusal, so that the queue cannot build up again. */
export const CALM_MS = 5_000;
/** Passwords that wait to be hashed. At 250 ms each on two threads, the last waiter takes 16 s. */
export const HASHES_WAITING = 128;

/* Limits of one tenant ---------------------------------------------------------------------------------------------------- */

/** A tenant's maximum of usable keys: far above any need, far below any slowdown. */
export const API_KEYS_MAX = 100;
/** Each endpoint may keep a request of ours hanging: see webhooks/sender.ts. */
export const WEBHOOK_ENDPOINTS_MAX = 10;
/** The VPN server has an address in each pool and one in its IPv6 prefix; the protocol carries 64 of them. */
export const POOLS_MAX = 63;
/** Addresses that a tenant may have resting: devices/churn.ts says how the three work together. */
export const RESTING = { neverRefused: 50, least: 220, most: 1_000 } as const;
