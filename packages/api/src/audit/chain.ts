import { createHash } from 'node:crypto';
import type { AuditEntry, Seal } from './entry.ts';

/** The predecessor of a chain's first row. */
export const BEGINNING: Seal = { place: 0, hash: Buffer.alloc(32) };

/** An unambiguous line with all of a row's contents. */
function canonical(entry: AuditEntry, place: number): string {
  return JSON.stringify([
    place,
    entry.id,
    entry.tenantId,
    entry.at.toISOString(),
    entry.act,
    entry.result,
    entry.reason,
    entry.count,
    entry.actor.kind,
    entry.actor.id,
    entry.target?.kind ?? null,
    entry.target?.id ?? null,
    entry.requestId,
    entry.changed,
  ]);
}

/** The seal of a row that follows another in its chain. */
export function sealOf(entry: AuditEntry, before: Seal): Seal {
  const place = before.place + 1;
  const hash = createHash('sha256').update(before.hash).update(canonical(entry, place)).digest();
  return { place, hash };
}

/** The two ends of a chain, which are stored apart from its rows. */
export interface AuditChain {
  /** The tenant's id, or the platform's: `PLATFORM_CHAIN`. */
  readonly chain: string;
  /** The last expired row; place 0 if there is none. */
  readonly begins: Seal;
  readonly ends: Seal;
}

export interface BrokenChain {
  readonly chain: string;
  /** The first row that differs from its seal; null if it is unknown which row is missing. */
  readonly place: number;
  readonly id: number | null;
  readonly fault: 'changed' | 'missing' | 'unknown';
}

/**
 * Finds the first place where a chain differs from its seals; null if it is intact. `unknown`: a row that was never
 * sealed there.
 * @param entries in the order of their places
 */
export async function verifyChain(
  { chain, begins, ends }: AuditChain,
  entries: AsyncIterable<AuditEntry>,
): Promise<BrokenChain | null> {
  let before = begins;
  for await (const entry of entries) {
    const wanted = sealOf(entry, before);
    const { seal, id } = entry;
    const place = wanted.place;
    if (seal === null || seal.place < place || place > ends.place)
      return { chain, place, id, fault: 'unknown' };
    if (seal.place > place) return { chain, place, id: null, fault: 'missing' };
    if (!seal.hash.equals(wanted.hash)) return { chain, place, id, fault: 'changed' };
    before = wanted;
  }
  if (before.place < ends.place) return { chain, place: before.place + 1, id: null, fault: 'missing' };
  return before.hash.equals(ends.hash) ? null : { chain, place: before.place, id: null, fault: 'changed' };
}
