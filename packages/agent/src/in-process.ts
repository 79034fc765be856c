import { Duplex } from 'node:stream';
import type { Agent } from './agent.ts';
import { serveConnection } from './connection.ts';

/** One end of a two-way pipe in memory. A write completes once the other end has read it. */
class PipeEnd extends Duplex {
  other: PipeEnd | undefined;
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const { other } = this;
    if (other === undefined || other.destroyed) {
      done();
      return;
    }
    if (other.push(chunk)) done();
    else other.#taken = done;
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { other } = this;
    this.other = undefined;
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
    if (other !== undefined) process.nextTick(() => other.destroy());
    done(error);
  }
}

/** A connection to an agent of this process. Destroy or end it like a socket. */
export function connectInProcess(agent: Agent): Duplex {
  const mine = new PipeEnd();
  const theirs = new PipeEnd();
  mine.other = theirs;
  theirs.other = mine;
  void serveConnection(agent, theirs);
  return mine;
}
