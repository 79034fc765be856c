import type { UsageReport } from './series.ts';

/**
 * What spreadsheets take for the start of a formula, the full-width forms too. Names that are stored today hold no tab or
 * line end; whoever opens the file must not depend on that.
 */
const FORMULA = /^\s*[=+\-@\uFF0B\uFF0D\uFF1D\uFF20]|^[\t\r\n]/;

/**
 * One cell, as RFC 4180 has it. A text that a spreadsheet could take for a formula gets an apostrophe in front, which
 * spreadsheets read as "this is text"; NUL is left out, because some stop reading at it.
 */
export function csvCell(text: string): string {
  const readable = text.replaceAll('\u0000', '');
  const formula = FORMULA.test(readable);
  const safe = formula ? `'${readable}` : readable;
  return formula || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows that a report was added up from, one a line, under a line of titles. */
export function usageCsv({ rows }: UsageReport, byDevice: boolean): string {
  const titles = [
    'startsAt',
    ...(byDevice ? ['deviceId', 'deviceName'] : []),
    'uploadBytes',
    'downloadBytes',
  ];
  const lines = rows.map(({ startsAt, device, uploadBytes, downloadBytes }) =>
    [
      startsAt.toISOString(),
      ...(byDevice ? [device?.id ?? '', csvCell(device?.name ?? '')] : []),
      String(uploadBytes),
      String(downloadBytes),
    ].join(','),
  );
  return [titles.join(','), ...lines, ''].join('\r\n');
}
