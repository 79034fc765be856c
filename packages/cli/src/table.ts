import { stripVTControlCharacters } from 'node:util';

/** Columns of equal width. Control characters are removed, because names come from outside. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const clean = (text: string) => stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ');
  const lines = [header, ...rows].map((row) => row.map(clean));
  const widths = header.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  return lines
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
