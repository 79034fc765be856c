import { Writable } from 'node:stream';

/** A place for logs to go to, that tells what came. */
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
