import { AsyncLocalStorage } from 'node:async_hooks';

/** The author of a change. Never holds an e-mail or IP address. */
export interface Actor {
  readonly kind: 'user' | 'api_key' | 'admin' | 'job' | 'nobody';
  readonly id: string | null;
}

/** Attributes that the audit log records for every change in this context. */
export interface ActContext {
  /** For example `device.register`. If null, the changed row implies the act. */
  readonly act: string | null;
  readonly actor: Actor;
  readonly requestId: string | null;
  /** Makes the database refuse every change. */
  readonly readOnly?: boolean;
}

const contexts = new AsyncLocalStorage<ActContext>();

/** Attributes everything that `work` starts to this actor, including work that continues after it returns. */
export const withAct = <T>(context: ActContext, work: () => T): T => contexts.run(context, work);

export const currentAct = (): ActContext | null => contexts.getStore() ?? null;

/** A kind of refusal, and how often it occurred since it was last written down. */
export interface Refusal {
  readonly tenantId: string | null;
  readonly act: string;
  readonly reason: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  /** The request id of the first of them. */
  readonly requestId: string;
  readonly count: number;
}

export interface RefusalLog {
  /** Counts a refusal, to be written down later. */
  note(refusal: Omit<Refusal, 'count'>): void;
}
