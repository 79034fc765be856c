import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { prepareClose } from './closing.ts';

const GRACE_MS = 2_000;
let sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});

async function listening() {
  const app: FastifyInstance = fastify({ return503OnClosing: false });
  let release: () => void = () => undefined;
  const began = new Promise<void>((resolve) => {
    app.get('/slow', async () => {
      resolve();
      await new Promise<void>((done) => (release = done));
      return 'done';
    });
  });
  app.get('/', () => 'hello');
  const close = prepareClose(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  return { close, port, began, release: () => release() };
}

async function open(port: number, text = ''): Promise<{ socket: Socket; said(): string }> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  socket.on('error', () => undefined);
  if (text !== '') socket.write(text);
  return { socket, said: () => said };
}

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('an orderly shutdown', () => {
  test.each([
    ['is opened and not used', ''],
    ['has sent half a request', 'GET / HTTP/1.1\r\nHost:'],
    ['was used and is kept open', GET('/')],
  ])('is not held up by a connection that %s', async (_what, text) => {
    const { close, port } = await listening();
    const { socket, said } = await open(port, text);
    if (text === GET('/')) while (!said().includes('hello')) await sleep(10);
    await close(600_000);
    await expect.poll(() => socket.closed).toBe(true);
  });

  test('waits for the answer to a pending request', async () => {
    const { close, port, began, release } = await listening();
    const { said } = await open(port, GET('/slow'));
    await began;
    const closing = close(600_000);
    // Longer than the limit for idle connections, so only the pending request keeps this one open.
    await sleep(1_500);
    release();
    await closing;
    // It was sent before the close; a busy machine may read it a moment later.
    await expect.poll(said).toContain('done');
  });

  test('cuts off pending requests after the grace period', async () => {
    const { close, port, began } = await listening();
    const { socket, said } = await open(port, GET('/slow'));
    await began;
    await close(GRACE_MS);
    await expect.poll(() => socket.closed).toBe(true);
    expect(said()).not.toContain('done');
  });
});
