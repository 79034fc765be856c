import { channel } from 'node:diagnostics_channel';

/**
 * Points between which a process may die: each is between two things that something outside of this process keeps. The
 * fault tests kill it at each of them.
 */
export type Step =
  /** The statement is about to go to PostgreSQL. */
  | 'register:asked'
  | 'remove:asked'
  | 'rotate:asked'
  | 'move:asked'
  /** PostgreSQL has committed, nothing has been pushed. */
  | 'register:committed'
  | 'remove:committed'
  | 'rotate:committed'
  | 'move:committed'
  /** Changes are about to go to an agent; are on their way; were acknowledged; and that was written down. */
  | 'push:ready'
  | 'push:sent'
  | 'push:acknowledged'
  | 'push:recorded'
  /** Outbox entries were claimed by this process and not pushed. */
  | 'sweep:claimed'
  /** The agent was listed; the database was read, too; what differed was repaired. */
  | 'reconcile:listed'
  | 'reconcile:read'
  | 'reconcile:repaired'
  /** A webhook was claimed by this process and not sent; was sent, and that is not written down. */
  | 'webhook:claimed'
  | 'webhook:sent';

/** What listens to this has been loaded into the process with `node --import`; no setting of ours can. */
const steps = channel('cvault:step');

/** Says that this process is at a step. Costs a comparison while nobody listens. */
export function reached(step: Step): void {
  if (steps.hasSubscribers) steps.publish(step);
}
