import type { Duplex, Readable, Writable } from 'node:stream';
import { LineDecoder, LineTooLong, encodeLine } from '@cvault/protocol';
import type { Agent } from './agent.ts';
import { InterfaceLost } from './interface-lost.ts';
import { readRequest } from './requests.ts';

/** Most bytes of answers kept for a control plane that does not read them; a page of a list is the biggest one. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** What became of a connection, for the log. */
export type ConnectionEnd = 'closed' | 'line_too_long' | 'unread_answers' | 'broken' | 'interface_lost';

export interface ConnectionOptions {
  /** Called for each line that was refused as no request. */
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

/** The same over two one-way streams, as standard input and output are. */
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
  try {
    agent.lost.throwIfAborted();
    const session = agent.openSession();
    output.write(encodeLine(session.hello));
    const decoder = new LineDecoder();
    for await (const chunk of input) {
      for (const line of decoder.push(chunk as Buffer)) {
        const request = readRequest(line);
        if (request.type === 'refused') options.onRefused?.(request.detail);
        output.write(encodeLine(request.type === 'refused' ? request : await session.answer(request)));
        if (output.destroyed) return agent.lost.aborted ? 'interface_lost' : 'broken';
        if (output.writableLength > MAX_UNREAD_BYTES) {
          stop();
          return 'unread_answers';
        }
      }
    }
    output.end();
    return 'closed';
  } catch (error) {
    stop();
    if (error instanceof LineTooLong) return 'line_too_long';
    return error instanceof InterfaceLost || agent.lost.aborted ? 'interface_lost' : 'broken';
  } finally {
    agent.lost.removeEventListener('abort', stop);
  }
}
