/** A clean shutdown of the API process: a rolling restart answers running requests and needs no force. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import { aServer } from '../packages/api/src/testing/fixtures.ts';
import { createUser } from './harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from './harness/control-plane.ts';
import { until } from './harness/until.ts';

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await plane?.kill();
  await database?.close();
});

/** A VPN server whose agent cannot be started, so its devices stay pending. */
async function addServerWithoutAgent(): Promise<void> {
  const { id } = await aServer(database);
  await database.pool.query(
    "UPDATE servers SET transport = 'local', netns = 'cvault-nowhere' WHERE id = $1",
    [id],
  );
}

test('a wait for 30 s is answered at once with the present state, and the process stops cleanly', async () => {
  await addServerWithoutAgent();
  plane = await startControlPlane(database.url.reveal(), secrets);
  const user = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Acme');
  const waiting = user.call('POST', '/api/v1/devices?wait=active', { deviceName: 'phone' });
  await until('the device is committed, so the request waits', async () => {
    const { rowCount } = await database.pool.query('SELECT FROM devices');
    return rowCount === 1;
  });
  // An unused connection and half a request must not delay the shutdown.
  const { hostname, port } = new URL(plane.baseUrl);
  const sockets = [connect(Number(port), hostname), connect(Number(port), hostname)];
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) socket.on('error', () => undefined);
  sockets[1]?.write('GET /health HTTP/1.1\r\nHost:');

  process.kill(plane.pid, 'SIGTERM');
  const { status, body } = await waiting;
  expect([status, body['status']]).toEqual([202, 'pending']);
  expect(await plane.ended).toEqual([0, null]);
  expect(plane.log()).not.toMatch(/"level":"(error|fatal)"/);
});

test('a taken port gives a sentence that mentions PORT=', async () => {
  plane = await startControlPlane(database.url.reveal(), secrets);
  const { port } = new URL(plane.baseUrl);
  const second = startControlPlane(database.url.reveal(), secrets, { PORT: port });
  await expect(second).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken`);
  await expect(second).rejects.toThrow('PORT=');
  await expect(second).rejects.not.toThrow(/EADDRINUSE|^\s+at listen/m);
  process.kill(plane.pid, 'SIGTERM');
  expect(await plane.ended).toEqual([0, null]);
});
