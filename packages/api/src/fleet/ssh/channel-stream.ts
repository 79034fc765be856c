import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * A channel as a stream that keeps what Node.js promises of one. ssh2's own does not: its destroy() asks the other end to
 * close the channel and changes nothing here, `destroyed` stays false, and a write to a closed one is never answered.
 * @param hangUp ends the connection, whether the other end takes notice or not
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
