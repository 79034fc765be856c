import type { Actor } from '../platform/audit-context/context.ts';

/** A row of the audit log. */
export interface AuditEntry {
  /** Grows with every row; not without gaps. */
  readonly id: number;
  /** Null: an act of the platform. */
  readonly tenantId: string | null;
  readonly at: Date;
  readonly act: string;
  readonly result: 'done' | 'refused';
  /** The error code of a refusal. */
  readonly reason: string | null;
  /** How often it was refused within some seconds; 1 for what was done. */
  readonly count: number;
  readonly actor: { readonly kind: string; readonly id: Actor['id'] };
  readonly target: { readonly kind: string; readonly id: string | null } | null;
  readonly requestId: string | null;
  /** Names of the columns that changed, never a value. */
  readonly changed: readonly string[];
  /** Null until it is sealed, which takes about a second. */
  readonly seal: Seal | null;
}

export interface Seal {
  /** In its chain, from 1 on without gaps. */
  readonly place: number;
  /** SHA-256 of the hash before and the row: see `sealOf`. */
  readonly hash: Buffer;
}

/** Its own chain, or the platform's. */
export const chainOf = ({ tenantId }: Pick<AuditEntry, 'tenantId'>): string => tenantId ?? PLATFORM_CHAIN;

export const PLATFORM_CHAIN = '00000000-0000-0000-0000-000000000000';
