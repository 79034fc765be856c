import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * An ssh2 channel as a stream that behaves as Node.js promises. With ssh2's own, destroy() asks the other end to
 * close the channel and changes nothing here, `destroyed` stays false, and a write to a closed stream never
 * completes.
 * @param hangUp ends the connection even if the other end ignores it
 */
export function streamOf(channel: ClientChannel, hangUp: () => void): Duplex {
  const stream = new Duplex({
    read: () => channel.resume(),
    write: (chunk: Buffer, _encoding, done) => void channel.write(chunk, done),
    final(done) {
      channel.end();
      done();
    },
    destroy(error, done) {
      hangUp();
      done(error);
    },
  });
  channel.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) channel.pause();
  });
  channel.once('end', () => stream.push(null));
  channel.once('close', () => stream.destroy());
  return stream;
}
