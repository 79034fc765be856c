import type { RunTool } from './tool.ts';

/** A quota of the table, in bytes. */
export interface Quota {
  readonly name: string;
  readonly limit: number;
  /** The bytes that passed, and those dropped since the limit. */
  readonly used: number;
}

/** `nft` prints whole multiples of 1,024 in the greatest unit that fits, and omits a use of 0. */
const UNITS: Readonly<Record<string, number>> = {
  bytes: 1,
  kbytes: 1024,
  mbytes: 1024 ** 2,
  gbytes: 1024 ** 3,
};

/** @param table as in `inet NAME` */
export async function listQuotas(runTool: RunTool, table: string): Promise<Quota[]> {
  return parseQuotas(await runTool('nft', ['list', 'quotas', 'table', ...table.split(' ')]));
}

export function parseQuotas(listing: string): Quota[] {
  const quotas = /quota (\S+) \{\s+over (\d+) (\w+)(?: used (\d+) (\w+))?/g;
  return [...listing.matchAll(quotas)].map(([, name = '', limit, limitUnit, used, usedUnit]) => ({
    name,
    limit: Number(limit) * (UNITS[limitUnit ?? ''] ?? NaN),
    used: used === undefined ? 0 : Number(used) * (UNITS[usedUnit ?? ''] ?? NaN),
  }));
}

/**
 * Kernels before 6.6 drop the packet that reaches the limit exactly. A limit of one byte stands for none at all,
 * which `nft` does not accept.
 */
export function isUsedUp({ limit, used }: Quota): boolean {
  return used >= limit || limit <= 1;
}
