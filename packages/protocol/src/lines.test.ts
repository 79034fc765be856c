import { expect, test } from 'vitest';
import { LineDecoder, LineTooLong, MAX_LINE_BYTES, encodeLine } from './index.ts';

test('a stream cut at any byte gives the same lines', () => {
  const sent = [{ name: 'a\nb é' }, { n: 1 }, { empty: '' }];
  const bytes = Buffer.from(sent.map((message) => encodeLine(message)).join(''));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const decoder = new LineDecoder();
    const lines = [...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))];
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(sent);
  }
});

test('a line over the limit is refused even when it comes in small pieces', () => {
  const decoder = new LineDecoder();
  const piece = Buffer.alloc(64 * 1024, 0x61);
  expect(() => {
    for (let sent = 0; sent <= MAX_LINE_BYTES; sent += piece.length) decoder.push(piece);
  }).toThrow(LineTooLong);
});
