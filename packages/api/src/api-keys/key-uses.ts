import type { KeyUses } from '../platform/access/ports.ts';
import type { Database } from '../platform/db/database.ts';

/** At most once a minute per key over all replicas: lists show when a key was used, not how often. */
const WRITE = `
UPDATE api_keys SET last_used_at = now()
WHERE id = ANY($1::uuid[]) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`;

export interface WrittenKeyUses extends KeyUses {
  /** Writes the uses since the last call; returns how many rows it wrote. A crash loses a minute's precision. */
  write(): Promise<number>;
}

/** Records the use of API keys outside of the requests. */
export function createKeyUses({ pool }: Database): WrittenKeyUses {
  let seen = new Set<string>();
  return {
    saw(keyId) {
      seen.add(keyId);
    },
    async write() {
      if (seen.size === 0) return 0;
      const ids = [...seen];
      seen = new Set();
      return (await pool.query(WRITE, [ids])).rowCount ?? 0;
    },
  };
}
