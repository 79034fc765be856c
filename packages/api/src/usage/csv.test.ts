import { describe, expect, test } from 'vitest';
import { csvCell, usageCsv } from './csv.ts';
import { usageReport } from './series.ts';

/** Parses RFC 4180 as a spreadsheet does. */
function parse(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    row.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'));
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
    if (match.index + match[0].length >= csv.length) break;
  }
  return rows;
}

const HOSTILE = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\n=1',
  '\u0000=1',
  ' =1',
  '\u00a0=1',
  '＝1',
  '=HYPERLINK("http://evil.test";"x")',
  '",=1',
];

describe('a cell', () => {
  test.each(HOSTILE)('%j is no formula', (text) => {
    const [[cell]] = parse(`${csvCell(text)}\r\n`) as [[string]];
    expect(cell).not.toMatch(/^\s*[=+\-@＝＋－＠]|^[\t\r\n]/);
    expect(cell).not.toContain('\u0000');
  });

  test.each(['phone', 'Zoë’s laptop', 'a,b', 'say "hi"', "it's", '', 'a=b', '漢字 👩‍👩‍👧'])(
    '%j stays what it is',
    (text) => {
      expect(parse(`${csvCell(text)}\r\n`)).toEqual([[text]]);
    },
  );

  test('commas, quotes and line ends stay inside their cell', () => {
    for (const text of ['a,=1', 'a"\r\n=1', 'a\r\n=cmd']) {
      expect(parse(`${csvCell(text)},next\r\n`)).toEqual([[text, 'next']]);
    }
  });
});

test('the lines add up to the report', () => {
  const range = {
    from: new Date('2026-01-01T00:00:00Z'),
    to: new Date('2026-01-01T03:00:00Z'),
    granularity: 'hour' as const,
  };
  const rows = HOSTILE.flatMap((name, n) =>
    [0, 2].map((hour) => ({
      startsAt: new Date(range.from.getTime() + hour * 3_600_000),
      device: { id: `device-${n}`, name },
      uploadBytes: 1_000 + n,
      downloadBytes: 2_000 + hour,
    })),
  );
  const report = usageReport(range, rows);
  const [titles, ...lines] = parse(usageCsv(report, true));
  expect(titles).toEqual(['startsAt', 'deviceId', 'deviceName', 'uploadBytes', 'downloadBytes']);
  const sum = (column: number) => lines.reduce((all, line) => all + Number(line[column]), 0);
  expect([sum(3), sum(4)]).toEqual([report.uploadBytes, report.downloadBytes]);
  expect(report.series.map(({ uploadBytes }) => uploadBytes > 0)).toEqual([true, false, true]);
  expect(report.devices.reduce((all, device) => all + device.downloadBytes, 0)).toBe(report.downloadBytes);
  expect(parse(usageCsv(report, false))[0]).toEqual(['startsAt', 'uploadBytes', 'downloadBytes']);
});
