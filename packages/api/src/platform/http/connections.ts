import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests that a connection may send ahead of their answers. Browsers and SDKs send none. */
const AHEAD_MOST = 32;
/** For an answer to be taken, after it was given. */
const DELIVERY_MS = 60_000;

interface Line {
  readonly waiting: (() => void)[];
  overrun: boolean;
}

/** The requests of a connection that wait for the one before them. */
const lines = new WeakMap<Socket, Line>();

function next(socket: Socket): void {
  const line = lines.get(socket);
  // Requests of a connection that is gone are dropped: there is nobody to answer.
  const first = socket.destroyed ? undefined : line?.waiting.shift();
  if (first !== undefined) first();
  else if (line?.overrun !== true) lines.delete(socket);
}

/**
 * Nothing more is read from the connection, and none of what waits is begun; the timeout of quiet connections closes it. To
 * close it at once would have its client open the next, and to parse one packet of requests costs milliseconds.
 */
function overrun(socket: Socket, line: Line, stopping: AbortSignal): void {
  // As Node does itself where answers are not taken. It has its parser stop, which reads past the socket's own `pause`.
  (socket as Socket & { _paused?: boolean })._paused = true;
  socket.pause();
  if (line.overrun) return;
  line.overrun = true;
  line.waiting.length = 0;
  // That its client is gone is not read either.
  const end = () => socket.destroy();
  stopping.addEventListener('abort', end);
  socket.once('close', () => stopping.removeEventListener('abort', end));
}

/**
 * Begins with a request when those before it on its connection are answered and their answers taken. Answers leave in order
 * anyway, so working ahead would only let one connection have many requests in work, also one that reads no answers.
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
 * A server that works on one request of a connection at a time.
 * @param stopping when it is to stop
 */
export function createOrderlyServer(
  handler: RequestListener,
  options: ServerOptions,
  stopping: AbortSignal,
): Server {
  return createServer(options, (request, response) => inTurn(request, response, handler, stopping));
}

/** Closes the connection of a client that does not take its answer. */
export function boundDelivery({ socket }: IncomingMessage, response: ServerResponse): void {
  const late = setTimeout(() => socket.destroy(), DELIVERY_MS).unref();
  response.once('close', () => clearTimeout(late));
}
