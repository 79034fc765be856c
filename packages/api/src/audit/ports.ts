import type { Refusal } from '../platform/audit-context/context.ts';
import type { AuditChain } from './chain.ts';
import type { AuditEntry } from './entry.ts';

/** One tenant's entries; with null, all tenants' and the platform's. */
export interface AuditScope {
  readonly tenantId: string | null;
}

export interface AuditStore {
  /** Newest first, starting before `beforeId`. */
  list(
    scope: AuditScope,
    page: { readonly limit: number; readonly beforeId?: number },
  ): Promise<AuditEntry[]>;
  /** All entries, oldest first. */
  all(scope: AuditScope): AsyncIterable<AuditEntry>;
  /**
   * Every chain and its rows in order, from one snapshot. Includes chains that have only rows or only stored ends.
   */
  chains<T>(
    scope: AuditScope,
    examine: (chain: AuditChain, entries: AsyncIterable<AuditEntry>) => Promise<T>,
  ): Promise<T[]>;
}

export interface RefusalStore {
  append(refusals: readonly Refusal[]): Promise<void>;
}
