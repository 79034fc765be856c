import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { OutboundError } from './ports.ts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createOutboundHttp } from './http.ts';

/** Listens on every address of this machine and records the address of each connection. */
let inner: Server;
let port: number;
const reached: string[] = [];
let answer: (path: string) => { status: number; headers?: Record<string, string>; body?: string } | null;

beforeAll(async () => {
  inner = createServer((request, response) => {
    const { status, headers, body } = answer(request.url ?? '') ?? { status: 0 };
    if (status !== 0) response.writeHead(status, headers).end(body);
  });
  inner.on('connection', (socket) => reached.push(socket.localAddress?.replace('::ffff:', '') ?? ''));
  await new Promise<void>((resolve) => inner.listen(0, '::', resolve));
  port = (inner.address() as AddressInfo).port;
});
afterEach(() => {
  reached.length = 0;
  answer = () => ({ status: 204 });
});
afterAll(() => {
  inner.closeAllConnections();
  inner.close();
});

/** Sends `head`, and then single bytes until the connection ends. */
function drip(socket: Socket, head: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write('x'), 100);
  socket.once('close', () => clearInterval(timer));
}

/** Non-public addresses in various spellings. */
const LITERALS = [
  '127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '0x7f000001', '0x7f.0.0.1', '0177.0.0.1',
  '017700000001', '0x7F.1', '127.0.0.1.', '①②⑦.⓪.⓪.①', '127。0。0。1', '%31%32%37.0.0.1', '0', '0.0.0.0', '0.1.2.3',
  '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '3232235521', '169.254.169.254',
  '0xa9fea9fe', '100.64.0.1', '100.127.255.255', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.31.196.1',
  '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1',
  '255.255.255.255', '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]',
  '[::ffff:10.0.0.1]', '[::127.0.0.1]', '[::ffff:0:127.0.0.1]', '[64:ff9b::127.0.0.1]', '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2002:a00:1::1]', '[2001:0:7f00:1::]', '[2001:0:4136:e378::1]',
  '[fe80::1]', '[febf::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[fec0::1]', '[100::1]', '[2001:db8::1]',
  '[3fff::1]', '[2001:2::1]', '[2001:10::1]', '[2001:20::1]', '[5f00::1]', '[4000::1]',
]; // prettier-ignore

/** The test's DNS. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'loopback.test': ['127.0.0.1'],
  'loopback6.test': ['::1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'zone.test': ['fe80::1%lo'],
  'metadata.test': ['169.254.169.254'],
  'private.test': ['10.1.2.3'],
  'ula.test': ['fd00::1'],
  'nat64.test': ['64:ff9b::7f00:1'],
  'sixtofour.test': ['2002:7f00:1::1'],
  'last-is-inner.test': ['93.184.216.34', '2606:2800:220:1::1', '127.0.0.1'],
  'first-is-inner.test': ['127.0.0.1', '93.184.216.34'],
  'nonsense.test': ['not an address'],
  'nothing.test': [],
};

const OTHERS = (at: string) => [
  `https://user@${at}/`, `https://user:word@${at}/`, `https://public.test@${at}/`, `https://public.test%2f@${at}/`,
  `https://${at}#@public.test/`, `https://${at}\\@public.test/`, `https://${at}/\\public.test`, `//${at}/`, at, '',
  `ftp://${at}/`, `ws://${at}/`, `gopher://${at}/_x`, 'file:///etc/passwd', 'data:application/json,{}',
  'javascript:alert(1)', 'unix:/run/x.sock', 'https://', 'https:///', `https:${at}`, `https://${'a'.repeat(2_100)}.test/`,
]; // prettier-ignore

const resolveNames = (name: string) => Promise.resolve(NAMES[name] ?? ['127.0.0.1']);
/** Allows one range, so that plain http and any port pass until the address is checked. */
const lax = () => createOutboundHttp({ allow: ['192.0.2.255'], resolve: resolveNames });
const strict = () => createOutboundHttp({ allow: [], resolve: resolveNames });

const corpus = () => {
  const hosts = [...LITERALS, ...Object.keys(NAMES)].map((host) => `${host}:${port}`);
  return [...hosts.flatMap((at) => [`https://${at}/x`, `http://${at}/x`]), ...OTHERS(`127.0.0.1:${port}`)];
};

test('no spelling of an inner address reaches it', async () => {
  const urls = corpus();
  for (const outbound of [strict(), lax()]) {
    for (const url of urls) {
      // Refused before any attempt to connect.
      const refused = expect.objectContaining({
        fault: expect.stringMatching(/^(bad_url|forbidden_address|unresolved)$/) as string,
      }) as OutboundError;
      await expect(outbound.post(url, {}, '{}'), url).rejects.toEqual(refused);
      await expect(outbound.getJson(url), url).rejects.toEqual(refused);
    }
  }
  expect(reached).toEqual([]);
  process.stdout.write(`${urls.length} URLs, ${reached.length} connections to inner addresses\n`);
});

test.each(LITERALS)('%s is refused for its address, not for its port', (host) => {
  expect(() => strict().check(`https://${host}/`)).toThrow(
    expect.objectContaining({ fault: 'forbidden_address' }),
  );
});

test('ranges that the operator allows are reached, with plain http and on any port', async () => {
  const outbound = createOutboundHttp({ allow: ['127.0.0.0/8', '::1'], resolve: resolveNames });
  for (const host of ['127.0.0.1', '[::1]', 'loopback.test', '[::ffff:127.0.0.1]']) {
    expect((await outbound.post(`http://${host}:${port}/`, {}, '{}')).status).toBe(204);
  }
  expect(reached).toHaveLength(4);
  await expect(outbound.post('http://10.0.0.1/', {}, '')).rejects.toMatchObject({
    fault: 'forbidden_address',
  });
});

test.each([
  'https://hooks.example.com/x',
  'https://hooks.example.com:8443/x',
  'https://93.184.216.34/',
  'https://[2606:2800:220:1::1]/',
])('%s is a URL to take', (url) => {
  expect(strict().check(url)).toBe(url);
});

test.each(['http://hooks.example.com/', 'https://hooks.example.com:22/', 'https://hooks.example.com:6379/'])(
  '%s is refused before anybody is asked',
  (url) => {
    expect(() => strict().check(url)).toThrow(expect.objectContaining({ fault: 'bad_url' }));
  },
);

test('an allowed range gives a public name neither plain http nor other ports', async () => {
  const outbound = createOutboundHttp({
    allow: ['127.0.0.2'],
    resolve: () => Promise.resolve(['93.184.216.34']),
  });
  for (const url of ['http://public.test/', 'https://public.test:22/']) {
    await expect(outbound.post(url, {}, '')).rejects.toMatchObject({ fault: 'bad_url' });
  }
});

test('a name is refused if any of its addresses is an inner one', async () => {
  for (const addresses of [
    ['127.0.0.2', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.2'],
  ]) {
    const outbound = createOutboundHttp({ allow: ['127.0.0.2'], resolve: () => Promise.resolve(addresses) });
    await expect(outbound.post(`http://mixed.test:${port}/`, {}, '{}')).rejects.toMatchObject({
      fault: 'forbidden_address',
    });
  }
  expect(reached).toEqual([]);
});

test('a name is resolved once, and the connection goes to the checked address', async () => {
  let asked = 0;
  const outbound = createOutboundHttp({
    allow: ['127.0.0.2'],
    resolve: () => Promise.resolve([asked++ === 0 ? '127.0.0.2' : '127.0.0.1']),
  });
  await outbound.post(`http://flip.test:${port}/`, {}, '{}');
  expect({ asked, reached }).toEqual({ asked: 1, reached: ['127.0.0.2'] });
  await expect(outbound.post(`http://flip.test:${port}/`, {}, '{}')).rejects.toMatchObject({
    fault: 'forbidden_address',
  });
  expect(reached).toEqual(['127.0.0.2']);
});

test('a redirect is not followed', async () => {
  answer = () => ({ status: 307, headers: { location: `http://127.0.0.1:${port}/inner` } });
  const outbound = createOutboundHttp({ allow: ['127.0.0.2'], resolve: resolveNames });
  expect(await outbound.post(`http://127.0.0.2:${port}/`, {}, '{}')).toEqual({
    status: 307,
    retryAfterSeconds: null,
  });
  await expect(outbound.getJson(`http://127.0.0.2:${port}/`)).rejects.toMatchObject({ fault: 'bad_answer' });
  expect(reached).toEqual(['127.0.0.2', '127.0.0.2']);
});

test('a late, oversized or unexpected answer is abandoned', async () => {
  const outbound = createOutboundHttp({ allow: ['127.0.0.2'], resolve: resolveNames, wholeMs: 300 });
  const url = `http://127.0.0.2:${port}/`;
  answer = () => null;
  await expect(outbound.post(url, {}, '{}')).rejects.toMatchObject({ fault: 'timeout' });
  answer = () => ({ status: 200, body: 'x'.repeat(300 * 1024) });
  await expect(outbound.getJson(url)).rejects.toMatchObject({ fault: 'bad_answer' });
  expect((await outbound.post(url, {}, '{}')).status).toBe(200);
  answer = () => ({ status: 200, body: 'CANARY {' });
  await expect(outbound.getJson(url)).rejects.toThrow(/^(?!.*CANARY)/);
  answer = () => ({ status: 503, headers: { 'retry-after': '120' } });
  expect(await outbound.post(url, {}, '{}')).toEqual({ status: 503, retryAfterSeconds: 120 });
  answer = () => ({ status: 200, body: '{"keys":[]}' });
  expect(await outbound.getJson(url)).toEqual({ keys: [] });
});

test.each<[string, (socket: Socket) => void]>([
  ['comes a byte at a time', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')],
  ['never comes', (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n')],
  ['has no end', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n')],
  ['is cut off', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx')],
  ['is broken', (socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnonsense')],
  ['is endless', (socket) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_000_000)}`)],
])('the status decides what became of a POST, also where the body %s', async (_how, answerWith) => {
  const ended: Promise<void>[] = [];
  const raw = createTcpServer((socket) => {
    ended.push(new Promise((resolve) => socket.once('close', () => resolve())));
    socket.on('error', () => undefined);
    socket.once('data', () => answerWith(socket));
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.2', resolve));
  try {
    const outbound = createOutboundHttp({ allow: ['127.0.0.2'], resolve: resolveNames });
    const url = `http://127.0.0.2:${(raw.address() as AddressInfo).port}/`;
    expect(await outbound.post(url, {}, '{}')).toEqual({ status: 200, retryAfterSeconds: null });
    // The connection ends, whatever the receiver does.
    await Promise.all(ended);
    expect(ended).toHaveLength(1);
  } finally {
    raw.close();
  }
});

test('an untrusted certificate is refused', async () => {
  // The server speaks no TLS, which is refused at the same point.
  const outbound = createOutboundHttp({ allow: ['127.0.0.2'], resolve: resolveNames });
  await expect(outbound.post(`https://127.0.0.2:${port}/`, {}, '{}')).rejects.toMatchObject({
    fault: 'unreachable',
  });
});
