/**
 * Why a request to a foreign address got no answer. Safe to show to the person who chose the address: it reveals
 * nothing about our network.
 */
export type OutboundFault =
  /** Not an https URL without credentials on an allowed port. */
  | 'bad_url'
  /** The name has no address, or its DNS servers did not answer. */
  | 'unresolved'
  /** One of its addresses is not public. */
  | 'forbidden_address'
  | 'unreachable'
  | 'bad_certificate'
  | 'timeout'
  /** An unexpected answer: a redirect, an error, an oversized body, or invalid JSON. */
  | 'bad_answer';

/** Holds nothing of the answer, so that internal services cannot leak through it. */
export class OutboundError extends Error {
  readonly fault: OutboundFault;

  constructor(fault: OutboundFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OutboundError';
    this.fault = fault;
  }
}

/** The only part of an answer that callers see. */
export interface OutboundAnswer {
  readonly status: number;
  /** Seconds; null if absent or invalid. */
  readonly retryAfterSeconds: number | null;
}

/**
 * HTTP to addresses that tenants choose. It reaches only the public internet and the operator's allowed ranges, and
 * follows no redirects.
 */
export interface OutboundHttp {
  /**
   * Checks a URL without network access and returns its canonical form.
   * @throws OutboundError `bad_url`, `forbidden_address`
   */
  check(url: string): string;
  /**
   * Every status counts as an answer, including redirects.
   * @throws OutboundError
   */
  post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<OutboundAnswer>;
  /**
   * Fetches a document of at most 256 KiB.
   * @throws OutboundError
   */
  getJson(url: string): Promise<unknown>;
}
