import type { Refusal } from '../platform/audit-context/context.ts';
import type { AuditChain } from './chain.ts';
import type { AuditEntry } from './entry.ts';

/** Whose entries: one tenant's, or with null everybody's and the platform's own. */
export interface AuditScope {
  readonly tenantId: string | null;
}

export interface AuditStore {
  /** The newest first, from before `beforeId` on. */
  list(
    scope: AuditScope,
    page: { readonly limit: number; readonly beforeId?: number },
  ): Promise<AuditEntry[]>;
  /** All of them, the oldest first. */
  all(scope: AuditScope): AsyncIterable<AuditEntry>;
  /**
   * The chains with their rows in the order of their places, all as they were at one moment. Also those of which only rows or only
   * the ends are there.
   */
  chains<T>(
    scope: AuditScope,
    examine: (chain: AuditChain, entries: AsyncIterable<AuditEntry>) => Promise<T>,
  ): Promise<T[]>;
}

export interface RefusalStore {
  append(refusals: readonly Refusal[]): Promise<void>;
}
