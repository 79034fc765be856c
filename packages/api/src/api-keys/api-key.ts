import type { KeyBounds } from '../platform/access/grant.ts';

/** An API key without the key itself. */
export interface ApiKey extends KeyBounds {
  readonly id: string;
  readonly name: string;
  /** The first characters, to distinguish keys. */
  readonly prefix: string;
  readonly createdAt: Date;
  /** The key that made it; null: the operator. */
  readonly parentId: string | null;
  /** The key that it replaced; null for none. */
  readonly replacesId: string | null;
  /** To about a minute; null if never used. */
  readonly lastUsedAt: Date | null;
  /** Null while the key works. */
  readonly revokedAt: Date | null;
}
