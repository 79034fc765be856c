/**
 * The door: admission, and isolation of clients from each other. These tests use sockets because timing of answers
 * matters.
 */
import { EventEmitter, once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { bareApp } from '../../testing/bare-app.ts';
import { STRANGERS } from '../limits/limits.ts';

const PLACES = 8;
let app: FastifyInstance;
let sockets: Socket[] = [];
let inWork = 0;
/** Emits `open` when the handlers of /slow may finish. */
let gate: EventEmitter;

async function start(): Promise<void> {
  gate = new EventEmitter().setMaxListeners(1_000);
  inWork = 0;
  ({ app } = await bareApp(
    (routes) => {
      const config = { access: 'tenant', scope: 'app', act: null, limit: 'read' } as const;
      const schema = { hide: true };
      routes.post('/things', { schema, config }, () => ({ ok: true }));
      routes.get('/things', { schema, config }, () => ({ ok: true }));
      routes.get('/slow', { schema, config }, async () => {
        inWork++;
        await once(gate, 'open');
        return { ok: true };
      });
    },
    { requestsAtOnce: PLACES, corsOrigins: ['https://app.acme.dev'] },
  ));
  await app.listen({ host: '127.0.0.1', port: 0 });
}

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await app.close();
});

/** A connection that sends `text` and collects the answer. */
function send(text: string): { socket: Socket; received: () => string } {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  return { socket, received: () => received };
}

const statusesIn = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]));

function head(method: string, path: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const KEY = { 'x-api-key': 'key' };
const ask = async (path = '/things') => (await app.inject({ url: path, headers: KEY })).statusCode;

/** Headers of a body that never arrives. */
const COMING = { 'content-type': 'application/json', 'content-length': '1000' };
const PREFLIGHT = { origin: 'https://app.acme.dev', 'access-control-request-method': 'POST' };

describe('nobody waits for a body that does not arrive', () => {
  test.each<[string, string, number]>([
    ['to no route', head('POST', '/nowhere', COMING), 404],
    ['to no route, in pieces', head('POST', '/nowhere', { 'transfer-encoding': 'chunked' }), 404],
    ['with another method', head('PUT', '/things', COMING), 405],
    ['behind a slash too many', head('POST', '/things/', { ...COMING, ...KEY }), 404],
    ['to the documentation', head('POST', '/docs', COMING), 404],
    ['of a GET', head('GET', '/docs/errors', COMING), 200],
    ['of a preflight', head('OPTIONS', '/things', { ...COMING, ...PREFLIGHT }), 204],
    ['without a key', head('POST', '/things', COMING), 401],
    ['with a wrong key', head('POST', '/things', { ...COMING, 'x-api-key': 'stranger' }), 401],
    ['that is too long', head('POST', '/things', { ...COMING, ...KEY, 'content-length': '70000' }), 413],
    ['of another kind', head('POST', '/things', { ...COMING, ...KEY, 'content-type': 'text/plain' }), 415],
    ['of no kind', head('POST', '/things', { ...KEY, 'content-length': '1000' }), 415],
    [
      'in other characters',
      head('POST', '/things', { ...COMING, ...KEY, 'content-type': 'application/json; charset=utf-16' }),
      415,
    ],
    ['compressed', head('POST', '/things', { ...COMING, ...KEY, 'content-encoding': 'gzip' }), 415],
  ])('%s', async (_what, text, status) => {
    await start();
    const { received } = send(text);
    await expect.poll(() => statusesIn(received())).toEqual([status]);
  });

  test('and an answer to a compressed body says what to do', async () => {
    await start();
    const answer = await app.inject({
      method: 'POST',
      url: '/things',
      headers: { ...KEY, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      payload: 'x',
    });
    expect(answer.json()).toMatchObject({
      code: 'unsupported_media_type',
      detail: 'The body is compressed. Send it as it is, without Content-Encoding.',
    });
  });
});

describe('no place is held by a client that', () => {
  const flood = (text: string) => Array.from({ length: 4 * PLACES }, () => send(text));

  test.each([
    ['sends no body to no route', head('POST', '/nowhere', COMING)],
    ['sends no body and has no key', head('POST', '/things', COMING)],
    ['has a key and sends no body', head('POST', '/things', { ...COMING, ...KEY })],
    ['sends half a head', 'POST /things HTTP/1.1\r\nx-api-key: key\r\n'],
  ])('%s', async (_what, text) => {
    await start();
    const all = flood(text);
    await Promise.all(all.map(({ socket }) => once(socket, 'connect')));
    for (let time = 0; time < 2 * PLACES; time++) expect(await ask()).toBe(200);
  });

  test('reads no answers', async () => {
    await start();
    const all = Array.from({ length: 2 * PLACES }, () => {
      const sent = send(head('GET', '/docs/static/swagger-ui-bundle.js').repeat(20));
      sent.socket.pause();
      return sent;
    });
    await Promise.all(all.map(({ socket }) => once(socket, 'connect')));
    for (let time = 0; time < 2 * PLACES; time++) expect(await ask()).toBe(200);
  });

  test('pipelines many requests: they run one after the other', async () => {
    await start();
    const { received } = send(head('GET', '/slow', KEY).repeat(10));
    await expect.poll(() => inWork).toBe(1);
    expect(await ask()).toBe(200);
    expect(inWork).toBe(1);
    for (let done = 1; done <= 10; done++) {
      gate.emit('open');
      await expect.poll(() => statusesIn(received()).length).toBe(done);
      await expect.poll(() => inWork).toBe(Math.min(10, done + 1));
    }
    expect(statusesIn(received())).toEqual(Array.from({ length: 10 }, () => 200));
  });
});

test('strangers take turns: a flood waits behind itself, and another client is next', async () => {
  await start();
  const stranger = (remoteAddress: string) => app.inject({ url: '/nowhere', remoteAddress });
  let answered = 0;
  // More than the burst, so that the pace holds the rest back.
  const flood = Array.from({ length: STRANGERS.burst + 400 }, async () => {
    await stranger('203.0.113.1');
    answered++;
  });
  expect((await stranger('203.0.113.2')).statusCode).toBe(404);
  expect(answered).toBeLessThan(STRANGERS.burst);
  await Promise.all(flood);
});

test('a connection that pipelines too many requests is no longer read', async () => {
  await start();
  let bytesRead = () => 0;
  app.server.once('connection', (socket: Socket) => (bytesRead = () => socket.bytesRead));
  const { socket } = send('');
  await once(socket, 'connect');
  const requests = Buffer.from(head('GET', '/things', KEY).repeat(20_000));
  for (let time = 0; time < 16; time++) socket.write(requests);
  await expect.poll(bytesRead).toBeGreaterThan(0);
  const readMeanwhile = async () => {
    const before = bytesRead();
    for (let time = 0; time < 5; time++) expect(await ask()).toBe(200);
    return bytesRead() - before;
  };
  await expect.poll(readMeanwhile).toBe(0);
  // Node reads 64 KiB at once, and once more after each answer.
  expect(bytesRead()).toBeLessThanOrEqual(2 * 64 * 1024);
});
