import type { UsageReport } from './series.ts';

/**
 * Characters that start a formula in spreadsheets, including full-width forms. Stored names contain no tab or line
 * end today, but the file must be safe even so.
 */
const FORMULA = /^\s*[=+\-@\uFF0B\uFF0D\uFF1D\uFF20]|^[\t\r\n]/;

/**
 * One cell (RFC 4180). A possible formula gets a leading apostrophe, which spreadsheets read as a text marker. NUL
 * is removed, because some stop reading at it.
 */
export function csvCell(text: string): string {
  const readable = text.replaceAll('\u0000', '');
  const formula = FORMULA.test(readable);
  const safe = formula ? `'${readable}` : readable;
  return formula || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows behind a report, one per line, below a line of titles. */
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
