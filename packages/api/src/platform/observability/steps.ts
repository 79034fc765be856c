import { channel } from 'node:diagnostics_channel';

/**
 * Points at which a process may die between two changes of external state. The fault tests kill it at each of them.
 */
export type Step =
  /** Before the statement is sent to PostgreSQL. */
  | 'register:asked'
  | 'remove:asked'
  | 'rotate:asked'
  | 'move:asked'
  /** PostgreSQL has committed; nothing has been pushed. */
  | 'register:committed'
  | 'remove:committed'
  | 'rotate:committed'
  | 'move:committed'
  /** Changes are ready for an agent; sent; acknowledged; recorded as acknowledged. */
  | 'push:ready'
  | 'push:sent'
  | 'push:acknowledged'
  | 'push:recorded'
  /** This process has claimed outbox entries and not yet pushed them. */
  | 'sweep:claimed'
  /** The agent's peers were listed; the database was read; differences were repaired. */
  | 'reconcile:listed'
  | 'reconcile:read'
  | 'reconcile:repaired'
  /** This process has claimed a webhook and not sent it; or sent it without recording that. */
  | 'webhook:claimed'
  | 'webhook:sent';

/** A listener is loaded into the process with `node --import`; no setting of ours can do that. */
const steps = channel('cvault:step');

/** Announces that this process has reached a step. Costs one comparison without listeners. */
export function reached(step: Step): void {
  if (steps.hasSubscribers) steps.publish(step);
}
