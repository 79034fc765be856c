import type { Duplex } from 'node:stream';

/** A way to reach an agent: each call opens one byte stream to it. */
export interface Transport {
  /**
   * @param signal ends the attempt; an open stream stays
   * @throws TransportError
   */
  open(signal: AbortSignal): Promise<Duplex>;
}

/** How far a connection got. The message is for the operator. */
export class TransportError extends Error {
  readonly kind: 'unreachable' | 'host_key_mismatch' | 'refused';

  constructor(kind: TransportError['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportError';
    this.kind = kind;
  }
}
