import { Writable } from 'node:stream';

/** A log destination that keeps its text. */
export function keepLines(): { destination: Writable; text: () => string } {
  const kept: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      kept.push(chunk.toString());
      done();
    },
  });
  return { destination, text: () => kept.join('') };
}
