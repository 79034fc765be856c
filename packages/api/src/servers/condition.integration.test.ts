/** An agent's report of its host is stored once, by any replica, and decides where devices are placed. */
import type { HostReport, PeerStore } from '../fleet/ports.ts';
import type { Server } from './server.ts';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, aServer, anEpoch, aTenantWithUser } from '../testing/fixtures.ts';
import { strictItems } from '../testing/items.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createServerEventStore } from './event-store.ts';
import { forgetServerEvents } from './forget-events.job.ts';
import { createServerStore } from './store.ts';

let database: TestDatabase;
let server: Server;
let epoch: string;
let peers: PeerStore;

beforeEach(async () => {
  await database?.close();
  database = await createTestDatabase();
  server = await aServer(database);
  epoch = anEpoch();
  peers = createPeerStore(database.as('cvault_links'), 600);
  await peers.adoptEpoch(server.id, epoch);
});
afterAll(() => database.close());

const noRoute = { code: 'no_route_out', detail: 'There is no default route.' };
const dropped = { code: 'forward_dropped', detail: 'inet filter drops what it does not know.' };
const note = (report: Partial<HostReport>) =>
  peers.noteCondition(server.id, epoch, { problems: [], mended: [], ...report });
const events = async () =>
  (await createServerEventStore(database.as('cvault_operator')).list({ limit: 50 })).map(
    ({ type, code, serverId, serverName }) => {
      expect([serverId, serverName]).toEqual([server.id, server.name]);
      return `${type} ${code}`;
    },
  );
const shown = async () => (await createServerStore(database.as('cvault_operator')).find(server.id))!;
const version = async () =>
  (await database.pool.query<{ xmin: string }>('SELECT xmin FROM servers')).rows[0]!.xmin;

test('each problem begins and ends once, by two replicas at the same time', async () => {
  await Promise.all([note({ problems: [noRoute] }), note({ problems: [noRoute] })]);
  const [first] = (await shown()).problems;
  expect(first).toMatchObject(noRoute);
  await note({ problems: [dropped, noRoute] });
  expect((await shown()).problems.map(({ code }) => code)).toEqual(['forward_dropped', 'no_route_out']);
  expect((await shown()).problems[1]!.since, 'since when stays').toEqual(first!.since);
  await Promise.all([note({}), note({})]);
  expect((await shown()).problems).toEqual([]);
  expect((await events()).sort()).toEqual(
    ['degraded', 'restored'].flatMap((type) => [
      `server.${type} forward_dropped`,
      `server.${type} no_route_out`,
    ]),
  );
});

test('saying the same again writes nothing', async () => {
  await note({ problems: [noRoute] });
  const before = await version();
  await note({ problems: [noRoute] });
  expect(await version()).toBe(before);
});

test('what was mended is counted once for each number of a life', async () => {
  const mend = (number: number) => ({ number, code: 'rules_changed', detail: 'The rules were changed.' });
  await Promise.all([note({ mended: [mend(1)] }), note({ mended: [mend(1)] })]);
  await note({ mended: [mend(1), mend(2)] });
  expect(await events()).toEqual(['server.mended rules_changed', 'server.mended rules_changed']);
  const { rows } = await database.pool.query<{ drift_found: number }>('SELECT drift_found FROM servers');
  expect(rows[0]!.drift_found).toBe(2);
});

test('what an older life says no longer counts', async () => {
  await peers.noteCondition(server.id, anEpoch(), { problems: [noRoute], mended: [] });
  expect((await shown()).problems).toEqual([]);
  expect(await events()).toEqual([]);
});

test('new devices go to VPN servers without problems while there are any', async () => {
  const other = await aServer(database, { cidr: '10.9.0.0/24' });
  await peers.noteContact([server.id, other.id]);
  await note({ problems: [noRoute] });
  const owner = await aTenantWithUser(database);
  const devices = createDeviceStore(database.as('cvault_api'), 0);
  for (let n = 0; n < 20; n++) {
    expect((await devices.register(aDevice(owner))).placement.serverId).toBe(other.id);
  }
  await database.pool.query("UPDATE servers SET state = 'draining' WHERE id = $1", [other.id]);
  expect((await devices.register(aDevice(owner))).placement.serverId).toBe(server.id);
});

test('events are kept for 90 days, and a VPN server’s are found by its id', async () => {
  await note({ problems: [noRoute] });
  await note({});
  await database.pool.query(
    "UPDATE server_events SET at = now() - interval '91 days' WHERE type = 'server.degraded'",
  );
  await forgetServerEvents(database.as('cvault_jobs')).run(strictItems());
  expect(await events()).toEqual(['server.restored no_route_out']);
  const list = createServerEventStore(database.as('cvault_operator'));
  const [newest] = await list.list({ serverId: server.id, limit: 1 });
  expect(newest).toMatchObject({ type: 'server.restored' });
  expect(await list.list({ serverId: server.id, limit: 1, beforeId: newest!.id })).toEqual([]);
  expect(await list.list({ serverId: aServerThatIsNone, limit: 1 })).toEqual([]);
});

const aServerThatIsNone = '00000000-0000-4000-8000-000000000000';
