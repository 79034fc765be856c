import type { AuditEntry } from './entry.ts';
import type { ChainReport } from './service.ts';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { cursorOfNumber, NextCursor } from '../platform/http/schemas/pages.ts';

const AuditEntryResource = z
  .object({
    id: z.int(),
    tenantId: z.uuid().nullable().describe('Null: an act of the platform.'),
    at: Instant,
    act: z.string().describe('Such as `device.register`.'),
    result: z.enum(['done', 'refused']),
    reason: z.string().nullable().describe('Of a refusal: the error code.'),
    count: z.int().describe('How often it was refused within some seconds; 1 for what was done.'),
    actor: z.object({
      kind: z
        .string()
        .describe('`user`, `api_key`, `admin`, `job`, `nobody`, or `login`: by hand in the database.'),
      id: z.string().nullable(),
    }),
    target: z.object({ kind: z.string(), id: z.string().nullable() }).nullable(),
    requestId: z.string().nullable(),
    changed: z.array(z.string()).describe('Names of what changed, never a value.'),
    seal: z
      .object({ place: z.int(), hash: z.string() })
      .nullable()
      .describe('Place and SHA-256 in the chain, in hexadecimal. Null for about a second.'),
  })
  .meta({ id: 'AuditEntry' });

export const AuditPage = z
  .object({ entries: z.array(AuditEntryResource), nextCursor: NextCursor })
  .meta({ id: 'AuditPage' });

export const AuditVerification = z
  .object({
    intact: z.boolean(),
    chains: z.array(
      z.object({
        chain: z.uuid().describe('The tenant; all zeros for the platform’s own.'),
        rows: z.int(),
        hash: z.string().describe('Keep it elsewhere: it shows later that the chain was not written anew.'),
        broken: z
          .object({
            place: z.int(),
            entryId: z.int().nullable(),
            fault: z.enum(['changed', 'missing', 'unknown']),
          })
          .nullable()
          .describe('The first row that is not as it was sealed.'),
      }),
    ),
  })
  .meta({ id: 'AuditVerification' });

function entryResource({ seal, changed, ...entry }: AuditEntry) {
  return {
    ...entry,
    changed: [...changed],
    seal: seal === null ? null : { place: seal.place, hash: seal.hash.toString('hex') },
  };
}

/** One line per entry, whatever it contains. */
export function lineOf(entry: AuditEntry): string {
  return `${JSON.stringify({ ...entryResource(entry), at: entry.at.toISOString() })}\n`;
}

export const pageOf = (entries: readonly AuditEntry[], limit: number) => ({
  entries: entries.map(entryResource),
  nextCursor: entries.length < limit ? null : cursorOfNumber(entries.at(-1)!.id),
});

export const verificationOf = (reports: readonly ChainReport[]) => ({
  intact: reports.every(({ broken }) => broken === null),
  chains: reports.map(({ chain, rows, hash, broken }) => ({
    chain,
    rows,
    hash: hash.toString('hex'),
    broken: broken === null ? null : { place: broken.place, entryId: broken.id, fault: broken.fault },
  })),
});
