import type { Duplex, Readable, Writable } from 'node:stream';
import { LineDecoder, LineTooLong, VERBS, encodeLine } from '@cvault/protocol';
import type { Agent } from './agent.ts';
import { InterfaceLost } from './interface-lost.ts';
import { readRequest, type ReceivedRequest } from './requests.ts';
import { createSerialQueue } from './serial-queue.ts';
import type { Session } from './session.ts';

/** The most bytes of unread answers kept for a control plane. A page of a list is the biggest answer. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** The most running requests of one control plane. It normally sends a handful; more wait in the stream. */
const MAX_UNDER_WAY = 32;

/** Well below the silence after which a control plane considers the channel cut. */
const PROGRESS_EVERY_MS = 2_000;

/** How a connection ended, for the log. */
export type ConnectionEnd = 'closed' | 'line_too_long' | 'unread_answers' | 'broken' | 'interface_lost';

export interface ConnectionOptions {
  /** Called for each line that is no valid request. */
  readonly onRefused?: (detail: string) => void;
}

/** Serves one control plane over a two-way stream until either side ends it. Never throws; ends the stream. */
export async function serveConnection(
  agent: Agent,
  stream: Duplex,
  options: ConnectionOptions = {},
): Promise<ConnectionEnd> {
  return serveStreams(agent, stream, stream, options);
}

/** The same over two one-way streams, such as standard input and output. */
export async function serveStreams(
  agent: Agent,
  input: Readable,
  output: Writable,
  options: ConnectionOptions = {},
): Promise<ConnectionEnd> {
  const stop = () => {
    input.destroy();
    output.destroy();
  };
  output.on('error', stop);
  output.on('close', stop);
  agent.lost.addEventListener('abort', stop, { once: true });
  // Changes and readings wait for their own kind only: reading takes seconds where there are many peers, and a registration must
  // not wait for it.
  const [changes, readings] = [createSerialQueue(), createSerialQueue()];
  const underWay = new Set<Promise<void>>();
  let failure: unknown;
  let session: Session | undefined;
  let unread = false;

  function send(answer: object): void {
    output.write(encodeLine(answer));
    if (output.writableLength <= MAX_UNREAD_BYTES) return;
    unread = true;
    stop();
  }

  function end(): ConnectionEnd {
    if (failure instanceof InterfaceLost || agent.lost.aborted) return 'interface_lost';
    return unread ? 'unread_answers' : 'broken';
  }

  async function serve(session: Session, request: ReceivedRequest): Promise<void> {
    const { id } = request;
    const tell = () => !output.destroyed && send({ type: 'progress', id });
    const progress = request.progress === true ? setInterval(tell, PROGRESS_EVERY_MS) : undefined;
    try {
      const lane = 'changes' in VERBS[request.type] ? changes : readings;
      await lane.run(async () => {
        if (output.destroyed) return;
        const answer = await session.answer(request);
        clearInterval(progress);
        send(answer);
      });
    } catch (error) {
      failure ??= error;
      stop();
    } finally {
      clearInterval(progress);
    }
  }

  try {
    agent.lost.throwIfAborted();
    session = agent.openSession(send);
    output.write(encodeLine(session.hello));
    const decoder = new LineDecoder();
    for await (const chunk of input) {
      for (const line of decoder.push(chunk as Buffer)) {
        const request = readRequest(line);
        if (request.type === 'refused') {
          options.onRefused?.(request.detail);
          send(request);
        } else {
          const served = serve(session, request).finally(() => underWay.delete(served));
          underWay.add(served);
          if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
        }
        if (output.destroyed) return end();
      }
    }
    await Promise.all(underWay);
    if (output.destroyed) return end();
    output.end();
    return 'closed';
  } catch (error) {
    stop();
    if (error instanceof LineTooLong) return 'line_too_long';
    failure ??= error;
    return end();
  } finally {
    agent.lost.removeEventListener('abort', stop);
    session?.close();
  }
}
