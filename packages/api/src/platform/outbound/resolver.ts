import { Resolver } from 'node:dns/promises';

/** All addresses of a name; empty where it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

const TIMEOUT_MS = 2_000;
const TRIES = 2;
/** What DNS says where there are no addresses of one family. */
const NONE = new Set(['ENODATA', 'ENOTFOUND']);

/**
 * Asks the machine's DNS servers directly. Not by getaddrinfo: that one occupies a thread of the pool in which passwords
 * are hashed, for as long as a stranger's DNS server cares to keep quiet.
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
