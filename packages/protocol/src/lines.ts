import { MAX_LINE_BYTES } from './limits.ts';

/** Thrown when the other side sends a line over the limit. The stream cannot be used after that. */
export class LineTooLong extends Error {
  constructor() {
    super(`a line is longer than ${MAX_LINE_BYTES} bytes`);
    this.name = 'LineTooLong';
  }
}

/** Splits a byte stream into lines. Holds at most one unfinished line of at most MAX_LINE_BYTES. */
export class LineDecoder {
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /**
   * Takes the next bytes of the stream. Returns the lines that they complete, without the line end.
   * @throws {LineTooLong}
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
      if (this.#pendingBytes + piece.length > MAX_LINE_BYTES) throw new LineTooLong();
      if (end === -1) {
        if (piece.length > 0) {
          this.#pending.push(piece);
          this.#pendingBytes += piece.length;
        }
        return lines;
      }
      lines.push(
        this.#pending.length === 0
          ? piece.toString('utf8')
          : Buffer.concat([...this.#pending, piece]).toString('utf8'),
      );
      this.#pending = [];
      this.#pendingBytes = 0;
      start = end + 1;
    }
  }
}

/** One message as a line. JSON escapes line ends inside strings, so no value can end the line early. */
export function encodeLine(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}
