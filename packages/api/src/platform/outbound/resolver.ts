import { Resolver } from 'node:dns/promises';

/** All addresses of a name; empty if it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** DNS codes for a name without addresses of a family. */
const NONE = new Set(['ENODATA', 'ENOTFOUND']);

/**
 * Queries the machine's DNS servers directly. getaddrinfo would occupy a thread of the pool that hashes passwords
 * for as long as a foreign DNS server stays silent.
 */
export function createResolver(): Resolve {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  const noneIfMissing = (error: unknown): string[] => {
    if (NONE.has((error as { code?: string }).code ?? '')) return [];
    throw error;
  };
  return async (name) => {
    const families = await Promise.all([
      resolver.resolve4(name).catch(noneIfMissing),
      resolver.resolve6(name).catch(noneIfMissing),
    ]);
    return families.flat();
  };
}
