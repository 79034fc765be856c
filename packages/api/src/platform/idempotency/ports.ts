/** A write that its caller may repeat, identified by an idempotency key. */
export interface Claim {
  /** SHA-256 over tenant, principal and key, so that keys of different tenants never collide. */
  readonly hash: Buffer;
  /** Null for the operator. */
  readonly tenantId: string | null;
  /** Null unless a user sent it. */
  readonly userId: string | null;
  /** Hash of route, path and body. */
  readonly fingerprint: Buffer;
  /** The id for the object that the write creates, if any. A retry uses the first attempt's id. */
  readonly intendedId: string;
}

type Claimed =
  /** The caller owns the write. */
  | {
      readonly outcome: 'claimed';
      readonly intendedId: string;
      /** 1 for the first attempt. Later attempts follow one that ended without an answer, and may find its object. */
      readonly attempt: number;
    }
  /** The write is done; this is its sealed answer. */
  | { readonly outcome: 'answered'; readonly answer: Buffer }
  /** Another attempt is running. */
  | { readonly outcome: 'in_flight'; readonly retryAfterSeconds: number }
  /** The key was used for a different request. */
  | { readonly outcome: 'other_request' };

export interface IdempotencyStore {
  /**
   * Committed before the write begins. If an attempt neither answers nor releases within `leaseSeconds`, its
   * process has died and the next attempt takes over.
   */
  claim(claim: Claim, leaseSeconds: number): Promise<Claimed>;
  /** Stores this attempt's answer; does nothing if a later attempt has taken over. */
  answer(claim: Claim, attempt: number, status: number, answer: Buffer): Promise<void>;
  /**
   * Releases without an answer. With `kept`, the next attempt takes over and uses the same id. Otherwise nothing
   * was done, and the key is unused again.
   */
  release(claim: Claim, attempt: number, kept: boolean): Promise<void>;
}
