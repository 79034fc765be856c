import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface ReceivedMessage {
  readonly path: string;
  readonly headers: IncomingHttpHeaders & Record<string, string>;
  readonly body: string;
  readonly type: string;
}

export interface Receiver {
  readonly url: string;
  readonly messages: ReceivedMessage[];
  /** Its next answers; null for 204. */
  answer: ((message: ReceivedMessage, response: ServerResponse) => void) | null;
  /** Resolves after this many messages; rejects on timeout. */
  until(count: number): Promise<readonly ReceivedMessage[]>;
  close(): Promise<void>;
}

const WAIT_MS = 60_000;

/** A tenant's backend that receives webhooks on loopback. */
export async function startReceiver(): Promise<Receiver> {
  const messages: ReceivedMessage[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const { type } = JSON.parse(body) as { type: string };
      const headers = request.headers as ReceivedMessage['headers'];
      const message = { path: request.url ?? '', headers, body, type };
      messages.push(message);
      if (receiver.answer === null) response.writeHead(204).end();
      else receiver.answer(message, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    answer: null,
    async until(count) {
      const deadline = Date.now() + WAIT_MS;
      while (messages.length < count) {
        if (Date.now() > deadline) {
          throw new Error(`${messages.length} of ${count}: ${messages.map(({ type }) => type).join()}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return messages;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
