import { type BrokenChain, verifyChain } from './chain.ts';
import type { AuditEntry } from './entry.ts';
import type { AuditScope, AuditStore } from './ports.ts';

export interface ChainReport {
  readonly chain: string;
  /** Rows that follow one another, sealed and not forgotten. */
  readonly rows: number;
  /** Its last hash: written down elsewhere, it shows later that nobody wrote the whole chain anew. */
  readonly hash: Buffer;
  readonly broken: BrokenChain | null;
}

/** Reads the audit log, and says whether it is as it was written. */
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
