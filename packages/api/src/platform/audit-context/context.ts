import { AsyncLocalStorage } from 'node:async_hooks';

/** Who acts: never an e-mail or an address. */
export interface Actor {
  readonly kind: 'user' | 'api_key' | 'admin' | 'job' | 'nobody';
  readonly id: string | null;
}

/** What the audit log says of every change that is made meanwhile. */
export interface ActContext {
  /** Such as `device.register`; null: the row that changes says what it is. */
  readonly act: string | null;
  readonly actor: Actor;
  readonly requestId: string | null;
  /** Set where nothing may change, whatever is called: the database refuses it. */
  readonly readOnly?: boolean;
}

const contexts = new AsyncLocalStorage<ActContext>();

/** Whatever `work` begins, also what goes on after it has returned, is done by this actor. */
export const withAct = <T>(context: ActContext, work: () => T): T => contexts.run(context, work);

export const currentAct = (): ActContext | null => contexts.getStore() ?? null;

/** What was refused, to whom, how often since it was written down last. */
export interface Refusal {
  readonly tenantId: string | null;
  readonly act: string;
  readonly reason: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  /** Of the first of them. */
  readonly requestId: string;
  readonly count: number;
}

export interface RefusalLog {
  /** Counts it; it is written down later. */
  note(refusal: Omit<Refusal, 'count'>): void;
}
