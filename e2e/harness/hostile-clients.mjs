/**
 * Hostile clients without a credential: `node hostile-clients.mjs BASE_URL SOCKETS`. Each keeps its connection busy
 * in its own way, and opens another when it is closed. On SIGTERM it prints what each kind did, as JSON. A separate
 * process, so that measurements cover the API and not the clients.
 */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { crc32 } from 'node:zlib';

const { hostname, port } = new URL(process.argv[2]);
const SOCKETS = Number(process.argv[3]);
const DRIP_MS = 700;
const AGAIN_MS = 100;

const head = (method, path, headers = {}) =>
  [`${method} ${path} HTTP/1.1`, 'host: hostile', ...Object.entries(headers).map((pair) => pair.join(': '))]
    .map((line) => `${line}\r\n`)
    .join('') + '\r\n';

/** An invented API key with a valid checksum, which only the database can refuse. */
function keyWithChecksum() {
  const body = `cv_live_${randomBytes(32).toString('base64url')}`;
  return body + crc32(body).toString(16).padStart(8, '0');
}

/** Sends a request's head and then its body byte by byte. */
const drip = (text) => (socket) => {
  socket.write(text());
  const timer = setInterval(() => socket.write(' '), DRIP_MS);
  socket.on('close', () => clearInterval(timer));
};
const withBody = { 'content-type': 'application/json', 'content-length': '1000' };
const dripBody = (method, path, headers = () => ({})) =>
  drip(() => head(method, path, { ...withBody, ...headers() }));

/** Sends a request, and the next as soon as it is answered. */
const ask = (text) => (socket) => {
  socket.write(text());
  // An answer may arrive in pieces, which causes more than one request each.
  socket.on('data', () => socket.write(text()));
};

const preflight = { origin: 'https://hostile.example', 'access-control-request-method': 'POST' };
const KINDS = {
  'drips the head': drip(() => 'GET /api/v1/me HTTP/1.1\r\nx: '),
  'drips a body to 404': dripBody('POST', '/nowhere'),
  'drips a body to 405': dripBody('PUT', '/api/v1/devices'),
  'drips a body to the documentation': dripBody('POST', '/docs'),
  'drips a body without a key': dripBody('POST', '/api/v1/auth/login'),
  'drips a body with a wrong key': dripBody('POST', '/api/v1/auth/login', () => ({
    'x-api-key': keyWithChecksum(),
  })),
  'drips a body to a preflight': dripBody('OPTIONS', '/api/v1/devices', () => preflight),
  'drips a chunked body': drip(
    () => head('POST', '/nowhere', { 'transfer-encoding': 'chunked' }) + '400\r\n',
  ),
  'reads no answers': (socket) => {
    socket.pause();
    const send = () => socket.write(head('GET', '/docs/static/swagger-ui-bundle.js').repeat(10));
    send();
    const timer = setInterval(send, DRIP_MS);
    socket.on('close', () => clearInterval(timer));
  },
  pipelines: ask(() => head('GET', '/nowhere').repeat(20)),
  'pipelines more than it may': ask(() => head('GET', '/nowhere').repeat(200)),
  'opens and says nothing': () => undefined,
  'begins TLS': (socket) => socket.write(Buffer.from('16030102000100', 'hex')),
  'asks for nothing that is there': ask(() => head('GET', `/${randomBytes(8).toString('hex')}`)),
  'sends a path that is none': ask(() => head('GET', '/api/v1/devices/%ZZ')),
  'reads the documentation': ask(() => head('GET', '/docs/json')),
  'reads the page': ask(() => head('GET', '/docs')),
  'asks for preflights': ask(() => head('OPTIONS', '/api/v1/devices', preflight)),
  'asks for heads': ask(() => head('HEAD', '/docs/json')),
  'asks without a key': ask(() => head('GET', '/api/v1/devices')),
  'has a mistyped key': ask(() => head('GET', '/api/v1/devices', { 'x-api-key': 'cv_live_nothing' })),
  'makes keys up': ask(() => head('GET', '/api/v1/me', { 'x-api-key': keyWithChecksum() })),
  'makes keys and tokens up': ask(() =>
    head('GET', '/api/v1/me', { 'x-api-key': keyWithChecksum(), authorization: 'Bearer a.b.c' }),
  ),
  'guesses the admin key': ask(() =>
    head('GET', '/api/v1/admin/tenants', {
      authorization: `Bearer cv_admin_${randomBytes(32).toString('base64url')}`,
    }),
  ),
  'probes without pause': ask(() => head('GET', '/health')),
  'comes and goes': (socket) => {
    socket.write(head('GET', '/nowhere'));
    socket.on('data', () => socket.destroy());
  },
};

const done = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, { connections: 0, statuses: {} }]));
let stopped = false;

function open(kind) {
  if (stopped) return;
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(open, AGAIN_MS, kind));
  socket.once('connect', () => {
    const { statuses } = done[kind];
    done[kind].connections++;
    if (kind !== 'reads no answers') {
      socket.on('data', (bytes) => {
        for (const [, status] of bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3})/g)) {
          statuses[status] = (statuses[status] ?? 0) + 1;
        }
      });
    }
    KINDS[kind](socket);
  });
}

const kinds = Object.keys(KINDS);
for (let n = 0; n < SOCKETS; n++) open(kinds[n % kinds.length]);
process.stdout.write('open\n');
process.on('SIGTERM', () => {
  stopped = true;
  process.stdout.write(JSON.stringify(done), () => process.exit(0));
});
