/** A write that its caller may send again, by the key that came with it. */
export interface Claim {
  /** SHA-256 over tenant, principal and the caller's key: two tenants' keys never meet. */
  readonly hash: Buffer;
  /** Null for the operator. */
  readonly tenantId: string | null;
  /** Null where no user sent it. */
  readonly userId: string | null;
  /** Of route, path and body. */
  readonly fingerprint: Buffer;
  /** The id of what the write will make, where it makes something; an earlier try's counts. */
  readonly intendedId: string;
}

type Claimed =
  /** The write is the caller's to do. */
  | {
      readonly outcome: 'claimed';
      readonly intendedId: string;
      /** 1 for the first try. Later ones follow one that ended without an answer, and may find what it made. */
      readonly attempt: number;
    }
  /** It was done; the sealed answer. */
  | { readonly outcome: 'answered'; readonly answer: Buffer }
  /** Another try is at it. */
  | { readonly outcome: 'in_flight'; readonly retryAfterSeconds: number }
  /** The key came with another request. */
  | { readonly outcome: 'other_request' };

export interface IdempotencyStore {
  /**
   * Committed before the write begins. A claim whose try neither answered nor let go within `leaseSeconds` is taken over:
   * that try's process has died.
   */
  claim(claim: Claim, leaseSeconds: number): Promise<Claimed>;
  /** Keeps the answer of this attempt; does nothing where a later one has taken over. */
  answer(claim: Claim, attempt: number, status: number, answer: Buffer): Promise<void>;
  /**
   * Lets go without an answer. `kept`: the next try takes over, with the id that this one may have used already.
   * Otherwise nothing was done, and the key is as if it had never come.
   */
  release(claim: Claim, attempt: number, kept: boolean): Promise<void>;
}
