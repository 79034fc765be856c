import type { Refusal } from '../platform/audit-context/context.ts';
import type { RefusalStore } from './ports.ts';

/** Distinct kinds of refusal between two writes. Further ones are counted together. */
const KINDS_MOST = 500;

const MORE = { tenantId: null, act: 'request.refused', actor: { kind: 'nobody', id: null } } as const;

/** Counts refusals, so that requests cannot flood the audit log: each kind of refusal gives one row per `write`. */
export function createRefusals(store: RefusalStore) {
  let counted = new Map<string, Refusal>();
  return {
    note(refusal: Omit<Refusal, 'count'>): void {
      const { tenantId, act, reason, actor } = refusal;
      let key = JSON.stringify([tenantId, act, reason, actor.kind, actor.id]);
      let first = refusal;
      if (!counted.has(key) && counted.size >= KINDS_MOST) {
        key = reason;
        first = { ...MORE, reason, requestId: refusal.requestId };
      }
      const before = counted.get(key);
      counted.set(key, { ...(before ?? first), count: (before?.count ?? 0) + 1 });
    },

    /** Writes the refusals since the last call; returns how many rows that were. A crash loses a few seconds. */
    async write(): Promise<number> {
      if (counted.size === 0) return 0;
      const refusals = [...counted.values()];
      counted = new Map();
      await store.append(refusals);
      return refusals.length;
    },
  };
}

export type Refusals = ReturnType<typeof createRefusals>;
