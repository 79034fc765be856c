import { createHash } from 'node:crypto';
import type { AuditEntry, Seal } from './entry.ts';

/** What the first row of a chain follows. */
export const BEGINNING: Seal = { place: 0, hash: Buffer.alloc(32) };

/** Everything that a row says, in one line that says nothing else: any other row has another. */
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

/** The seal of a row that follows another one in its chain. */
export function sealOf(entry: AuditEntry, before: Seal): Seal {
  const place = before.place + 1;
  const hash = createHash('sha256').update(before.hash).update(canonical(entry, place)).digest();
  return { place, hash };
}

/** A chain's ends, as they were written down apart from its rows. */
export interface AuditChain {
  /** The tenant's id, or the platform's: `PLATFORM_CHAIN`. */
  readonly chain: string;
  /** The last row that was forgotten; place 0 where none was. */
  readonly begins: Seal;
  readonly ends: Seal;
}

export interface BrokenChain {
  readonly chain: string;
  /** Of the first row that is not as it was sealed; null where it is not known which row is missing. */
  readonly place: number;
  readonly id: number | null;
  readonly fault: 'changed' | 'missing' | 'unknown';
}

/**
 * Goes through a chain and answers the first place where it is not as it was sealed; null where all of it is. `unknown`: a
 * row that was never sealed there.
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
