import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AHEAD_MOST } from '../limits/limits.ts';

/** The time limit for a client to receive its answer. */
const DELIVERY_MS = 60_000;

interface Line {
  readonly waiting: (() => void)[];
  overrun: boolean;
}

/** Per connection, the requests that wait for the one before them. */
const lines = new WeakMap<Socket, Line>();

function next(socket: Socket): void {
  const line = lines.get(socket);
  // Requests of a closed connection are dropped.
  const first = socket.destroyed ? undefined : line?.waiting.shift();
  if (first !== undefined) first();
  else if (line?.overrun !== true) lines.delete(socket);
}

/**
 * Stops reading from the connection and drops its waiting requests; the idle timeout closes it later. Closing at
 * once would make the client open another connection, and parsing one packet of requests costs milliseconds.
 */
function overrun(socket: Socket, line: Line, stopping: AbortSignal): void {
  // Node does the same if answers are not read. The flag stops its parser, which ignores the socket's own `pause`.
  (socket as Socket & { _paused?: boolean })._paused = true;
  socket.pause();
  if (line.overrun) return;
  line.overrun = true;
  line.waiting.length = 0;
  // A paused socket does not notice that its client is gone.
  const end = () => socket.destroy();
  stopping.addEventListener('abort', end);
  socket.once('close', () => stopping.removeEventListener('abort', end));
}

/**
 * Starts a request after the earlier answers on its connection were received. Answers leave in order anyway;
 * working ahead would only let one connection keep many requests active, even if it reads no answers.
 */
function inTurn(
  request: IncomingMessage,
  response: ServerResponse,
  begin: RequestListener,
  stopping: AbortSignal,
): void {
  const { socket } = request;
  const start = () => {
    response.once('close', () => next(socket));
    begin(request, response);
  };
  const line = lines.get(socket);
  if (line === undefined) {
    lines.set(socket, { waiting: [], overrun: false });
    start();
  } else if (line.overrun || line.waiting.length >= AHEAD_MOST) overrun(socket, line, stopping);
  else line.waiting.push(start);
}

/**
 * Creates a server that handles one request per connection at a time.
 * @param stopping aborted when the server is to stop
 */
export function createOrderlyServer(
  handler: RequestListener,
  options: ServerOptions,
  stopping: AbortSignal,
): Server {
  return createServer(options, (request, response) => inTurn(request, response, handler, stopping));
}

/** Closes the connection of a client that does not receive its answer. */
export function boundDelivery({ socket }: IncomingMessage, response: ServerResponse): void {
  const late = setTimeout(() => socket.destroy(), DELIVERY_MS).unref();
  response.once('close', () => clearTimeout(late));
}
