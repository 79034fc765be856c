import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** 0 if the connection ended instead. */
interface RawReply {
  readonly status: number;
  readonly head: string;
}

export interface Connections {
  /** Sends a complete request over the connection that has been idle longest; waits if none is idle. */
  ask(request: Buffer): Promise<RawReply>;
  close(): void;
}

/** A request with or without a JSON body. */
export function rawRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Buffer {
  const payload = body === undefined ? '' : JSON.stringify(body);
  const all = {
    host: 'bench',
    ...headers,
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${payload}`);
}

/** The length of the answer at the start of `received`; NaN until its head is complete. */
function lengthOf(received: string): number {
  const head = received.indexOf('\r\n\r\n');
  if (head === -1) return NaN;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, head));
  return head + 4 + Number(length?.[1] ?? 0);
}

/**
 * Connections that are opened before the load, and a client that reads only status and length of answers. The load
 * generator shares two cores with the API: with node:http, it fell behind by seconds at twice the API's peak.
 */
export async function openConnections(baseUrl: string, count: number): Promise<Connections> {
  const { hostname, port } = new URL(baseUrl);
  const sockets: Socket[] = [];
  const idle: Socket[] = [];
  const waiting: ((socket: Socket) => void)[] = [];
  const free = (socket: Socket) => {
    const next = waiting.shift();
    if (next === undefined) idle.push(socket);
    else next(socket);
  };
  const open = async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    socket.setEncoding('latin1');
    sockets.push(socket);
    return socket;
  };
  // One by one: Node accepts one per turn of its event loop.
  for (let n = 0; n < count; n++) idle.push(await open());

  return {
    async ask(request) {
      const socket = idle.shift() ?? (await new Promise<Socket>((resolve) => waiting.push(resolve)));
      return new Promise((resolve) => {
        let received = '';
        const done = (status: number) => {
          socket.removeAllListeners();
          resolve({ status, head: received.slice(0, received.indexOf('\r\n\r\n')) });
        };
        const lost = () => {
          done(0);
          socket.destroy();
          // Reopens a lost connection, like a client.
          void open().then(free, () => undefined);
        };
        socket.on('data', (text: string) => {
          received += text;
          if (!(received.length >= lengthOf(received))) return;
          done(Number(received.slice(9, 12)));
          free(socket);
        });
        socket.on('error', lost);
        socket.on('close', lost);
        socket.write(request);
      });
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}
