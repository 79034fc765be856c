/**
 * Why a request to an address that somebody else chose got no answer. Safe to show to whoever chose it: it tells nothing
 * of what is inside our network.
 */
export type OutboundFault =
  /** Not an https URL without credentials, on a port that is allowed. */
  | 'bad_url'
  /** The name has no address, or nobody answered for it. */
  | 'unresolved'
  /** One of its addresses is not on the public internet. */
  | 'forbidden_address'
  | 'unreachable'
  | 'bad_certificate'
  | 'timeout'
  /** It answered with something else than was asked for: a redirect, an error, too much, or no JSON. */
  | 'bad_answer';

/** Holds nothing of the answer: what an inner service said must not come out this way. */
export class OutboundError extends Error {
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OutboundError';
    this.fault = fault;
  }
}

/** All of an answer that anybody gets to see. */
export interface OutboundAnswer {
  readonly status: number;
  /** Seconds; null where it does not say, or says nonsense. */
  readonly retryAfterSeconds: number | null;
}

/**
 * HTTP to addresses that tenants choose. Whatever they choose, it reaches nothing but the public internet and the ranges
 * that the operator allows. Redirects are not followed.
 */
export interface OutboundHttp {
  /**
   * Checks what can be told of a URL without asking anybody, and answers it in its one spelling.
   * @throws OutboundError `bad_url`, `forbidden_address`
   */
  check(url: string): string;
  /**
   * Any status is an answer, a redirect's too.
   * @throws OutboundError
   */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<OutboundAnswer>;
  /**
   * A document of at most 256 KiB.
   * @throws OutboundError
   */
  getJson(url: string): Promise<unknown>;
}
