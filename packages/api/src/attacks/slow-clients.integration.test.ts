/** Five hundred clients that send a byte a second are cut off, and all others are answered meanwhile. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

const CLIENTS = 500;
/** A request must arrive within 15 s, checked every 5 s; the rest is for a busy machine. */
const CUT_OFF_AFTER_MS = 40_000;

/** All kinds of target: a route with limits, one without, no route, the documentation, a preflight. */
const ASKED = [
  'POST /api/v1/auth/login',
  'POST /api/v1/devices',
  'POST /livez',
  'POST /nowhere',
  'PUT /api/v1/devices',
  'GET /docs',
  'GET /docs/static/swagger-ui-bundle.js',
  'OPTIONS /api/v1/devices',
];

/** Half of them send the headers slowly, the others the body. */
function drip(socket: Socket, n: number): void {
  const head = `${ASKED[Math.floor(n / 2) % ASKED.length]} HTTP/1.1\r\nhost: x\r\n`;
  const whole = n % 2 === 0 ? head : `${head}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{`;
  if (n % 2 === 1) socket.write(whole);
  let at = 0;
  const timer = setInterval(() => socket.write(n % 2 === 0 ? whole[at++ % whole.length]! : ' '), 1_000);
  socket.on('close', () => clearInterval(timer));
  socket.on('error', () => clearInterval(timer));
  socket.resume();
}

const test = base
  .extend('alice', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend('port', { scope: 'file' }, async ({ api }) => {
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    return (api.app.server.address() as AddressInfo).port;
  });

test(
  'others are answered, and slow clients are cut off',
  { timeout: CUT_OFF_AFTER_MS + 60_000 },
  async ({ alice, port }) => {
    const sockets: Socket[] = [];
    for (let n = 0; n < CLIENTS; n++) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      drip(socket, n);
      sockets.push(socket);
    }
    const open = () => sockets.filter((socket) => !socket.closed).length;
    expect(open()).toBe(CLIENTS);
    const statuses = new Map<number, number>();
    const end = performance.now() + CUT_OFF_AFTER_MS;
    while (open() > 0 && performance.now() < end) {
      const { status } = await fetch(`http://127.0.0.1:${port}/api/v1/me`, { headers: alice.headers });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await sleep(200);
    }
    expect(open()).toBe(0);
    expect([...statuses.keys()]).toEqual([200]);
    process.stdout.write(
      `attacks: ${CLIENTS} slow clients cut off, ${statuses.get(200)} answers to another meanwhile\n`,
    );
  },
);
