import { type BrokenChain, verifyChain } from './chain.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditScope, AuditStore } from './ports.ts';

export interface ChainReport {
  readonly chain: string;
  /** Sealed rows that have not expired. */
  readonly rows: number;
  /** The last hash. A copy kept elsewhere proves later that the chain was not rewritten. */
  readonly hash: Buffer;
  readonly broken: BrokenChain | null;
}

/** Reads and verifies the audit log. */
export function createAuditService({ audit }: { readonly audit: AuditStore }) {
  return {
    list: (
      scope: AuditScope,
      page: { readonly limit: number; readonly beforeId?: number },
    ): Promise<AuditEntry[]> => audit.list(scope, page),

    all: (scope: AuditScope): AsyncIterable<AuditEntry> => audit.all(scope),

    verify: (scope: AuditScope): Promise<ChainReport[]> =>
      audit.chains(scope, async (chain, entries) => ({
        chain: chain.chain,
        rows: chain.ends.place - chain.begins.place,
        hash: chain.ends.hash,
        broken: await verifyChain(chain, entries),
      })),
  };
}

export type AuditService = ReturnType<typeof createAuditService>;
