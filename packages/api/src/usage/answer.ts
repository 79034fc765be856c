import { usageCsv } from './csv.ts';
import type { UsageReport } from './series.ts';
import type { FastifyReply } from 'fastify';

/** Whether the caller's `Accept` names CSV, and JSON not before it. */
function prefersCsv(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((type) => type.split(';', 1).join().trim().toLowerCase());
  const [csv, json] = [types.indexOf('text/csv'), types.indexOf('application/json')];
  return csv !== -1 && (json === -1 || csv < json);
}

export const wantsCsv = (format: 'json' | 'csv' | undefined, accept: string | undefined): boolean =>
  format === undefined ? prefersCsv(accept) : format === 'csv';

/** As a file: browsers then save it instead of showing it. */
export function sendCsv(reply: FastifyReply, report: UsageReport, byDevice: boolean): FastifyReply {
  return reply
    .type('text/csv; charset=utf-8; header=present')
    .header('content-disposition', 'attachment; filename="usage.csv"')
    .serializer((text: string) => text)
    .send(usageCsv(report, byDevice));
}
