import { usageCsv } from './csv.ts';
import type { UsageReport } from './series.ts';
import type { FastifyReply } from 'fastify';

/** Whether `Accept` names CSV, and not JSON before it. */
function prefersCsv(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((type) => type.split(';', 1).join().trim().toLowerCase());
  const [csv, json] = [types.indexOf('text/csv'), types.indexOf('application/json')];
  return csv !== -1 && (json === -1 || csv < json);
}

export const wantsCsv = (format: 'json' | 'csv' | undefined, accept: string | undefined): boolean =>
  format === undefined ? prefersCsv(accept) : format === 'csv';

/** As an attachment, so that browsers save the file. */
export function sendCsv(reply: FastifyReply, report: UsageReport, byDevice: boolean): FastifyReply {
  return reply
    .type('text/csv; charset=utf-8; header=present')
    .header('content-disposition', 'attachment; filename="usage.csv"')
    .serializer((text: string) => text)
    .send(usageCsv(report, byDevice));
}
