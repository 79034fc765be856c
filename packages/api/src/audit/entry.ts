import type { Actor } from '../platform/audit-context/context.ts';

/** A row of the audit log. */
export interface AuditEntry {
  /** Increases with every row, with gaps. */
  readonly id: number;
  /** Null for an act of the platform. */
  readonly tenantId: string | null;
  readonly at: Date;
  readonly act: string;
  readonly result: 'done' | 'refused';
  /** The error code of a refusal. */
  readonly reason: string | null;
  /** Refusals within some seconds; 1 for a completed act. */
  readonly count: number;
  readonly actor: { readonly kind: string; readonly id: Actor['id'] };
  readonly target: { readonly kind: string; readonly id: string | null } | null;
  readonly requestId: string | null;
  /** Names of the changed columns, never values. */
  readonly changed: readonly string[];
  /** Null until the row is sealed, which takes about a second. */
  readonly seal: Seal | null;
}

export interface Seal {
  /** From 1, without gaps. */
  readonly place: number;
  /** SHA-256 over the previous hash and the row: see `sealOf`. */
  readonly hash: Buffer;
}

/** The tenant's chain or the platform's. */
export const chainOf = ({ tenantId }: Pick<AuditEntry, 'tenantId'>): string => tenantId ?? PLATFORM_CHAIN;

export const PLATFORM_CHAIN = '00000000-0000-0000-0000-000000000000';
