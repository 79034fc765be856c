import { randomInt } from 'node:crypto';
import type { Device } from '../devices/device.ts';
import type { DeviceStore, Owner } from '../devices/ports.ts';
import type { Server } from '../servers/server.ts';
import type { SessionStore } from '../sessions/session.ts';
import { Meter, type Reading, type Sample } from './meter.ts';
import type { MeterStore } from './ports.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from '../fleet/peer-store.ts';
import { createSessionStore } from '../sessions/store.ts';
import { createMeterStore } from './meter-store.ts';

let database: TestDatabase;
let devices: DeviceStore;
let sessions: SessionStore;
let meters: MeterStore;
let server: Server;
let alice: Owner;
let region = 0;
/** The epoch of the VPN server's agent, and the number of readings. */
let epoch: string;
let pass = 0;

beforeAll(async () => {
  database = await createTestDatabase(20);
  devices = createDeviceStore(database.as('cvault_api'), 0);
  sessions = createSessionStore(database.as('cvault_api'));
  meters = createMeterStore(database.as('cvault_metering'));
});
afterAll(() => database.close());
beforeEach(async () => {
  server = await aServer(database, { region: `region-${++region}` });
  alice = await aTenantWithUser(database);
  pass = 0;
  await newAgent();
});

async function newAgent(): Promise<void> {
  epoch = anEpoch();
  await createPeerStore(database.as('cvault_links'), 0).adoptEpoch(server.id, epoch);
}

const register = () => devices.register(aDevice(alice, { region: server.region }));
const reading = (device: Device, over: Partial<Reading> = {}): Reading => ({
  deviceId: device.id,
  receivedBytes: 0,
  sentBytes: 0,
  handshake: 'never',
  gone: false,
  ...over,
});
const life = 'a'.repeat(32);
const header = (over: Partial<Sample> = {}) => ({ epoch, life, pass: ++pass, ...over });

/** A whole pass, as the sampler does it. */
async function sample(readings: Reading[], over: Partial<Sample> = {}) {
  const head = header(over);
  await meters.claimDue([server.id], 30);
  await meters.beginPass(server.id, head);
  const reached = await meters.store(server.id, head, readings);
  await meters.endPass(server.id, head);
  return { head, reached };
}

async function usage(device: Device): Promise<{ up: number; down: number }> {
  const { rows } = await database.pool.query<{ up: number; down: number }>(
    `SELECT coalesce(sum(upload_bytes), 0)::bigint AS up, coalesce(sum(download_bytes), 0)::bigint AS down
     FROM usage_metrics WHERE tenant_id = $1 AND device_id = $2`,
    [device.tenantId, device.id],
  );
  return rows[0]!;
}

async function sessionsOf(device: Device) {
  const { rows } = await database.pool.query<{
    state: string;
    opened_by: string;
    closed_reason: string | null;
    upload_bytes: number;
    download_bytes: number;
  }>(
    `SELECT state, opened_by, closed_reason, upload_bytes, download_bytes FROM sessions
     WHERE tenant_id = $1 AND device_id = $2 ORDER BY connected_at, id`,
    [device.tenantId, device.id],
  );
  return rows;
}

/** Backdates everything stored. */
async function pass180Seconds(device: Device, seconds = 181): Promise<void> {
  await database.pool.query(
    `UPDATE sessions SET connected_at = connected_at - $2 * interval '1 second',
       closed_at = closed_at - $2 * interval '1 second' WHERE device_id = $1`,
    [device.id, seconds],
  );
  await database.pool.query(
    "UPDATE devices SET last_connected_at = last_connected_at - $2 * interval '1 second' WHERE id = $1",
    [device.id, seconds],
  );
}

describe('bytes', () => {
  test('received bytes are uploads; a later reading adds the difference', async () => {
    const device = await register();
    await sample([reading(device, { receivedBytes: 100, sentBytes: 1_000 })]);
    expect(await usage(device)).toEqual({ up: 100, down: 1_000 });
    await sample([reading(device, { receivedBytes: 150, sentBytes: 1_000 })]);
    expect(await usage(device)).toEqual({ up: 150, down: 1_000 });
  });

  test('a repeated or older sample changes nothing', async () => {
    const device = await register();
    const first = await sample([reading(device, { receivedBytes: 100, sentBytes: 10 })]);
    const second = [reading(device, { receivedBytes: 300, sentBytes: 30 })];
    const { head } = await sample(second);
    for (let again = 0; again < 3; again++) await meters.store(server.id, head, second);
    await meters.store(server.id, first.head, [reading(device, { receivedBytes: 100, sentBytes: 10 })]);
    expect(await usage(device)).toEqual({ up: 300, down: 30 });
  });

  test('a new life begins at 0, and late readings of the previous one are not counted twice', async () => {
    const device = await register();
    const before = await sample([reading(device, { receivedBytes: 100, sentBytes: 10 })]);
    await newAgent();
    await sample([reading(device, { receivedBytes: 7, sentBytes: 3 })], { life: 'b'.repeat(32) });
    await meters.store(server.id, before.head, [reading(device, { receivedBytes: 100, sentBytes: 10 })]);
    expect(await usage(device)).toEqual({ up: 107, down: 13 });
  });

  test('of a deleted device are counted for its tenant', async () => {
    const device = await register();
    await devices.delete(alice, device.id);
    await sample([reading(device, { receivedBytes: 5, sentBytes: 6, gone: true })]);
    expect(await usage(device)).toEqual({ up: 5, down: 6 });
  });

  test('of an unknown device are skipped, and the others are counted', async () => {
    const device = await register();
    const unknown = {
      ...reading(device, { receivedBytes: 9 }),
      deviceId: '00000000-0000-4000-8000-000000000000',
    };
    await sample([unknown, reading(device, { receivedBytes: 4 })]);
    expect(await usage(device)).toEqual({ up: 4, down: 0 });
  });

  test('random readings, shuffled and repeated by four processes, match the model to the byte', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, register));
    const model = new Map(made.map((device) => [device.id, new Meter()]));
    const pages = Array.from({ length: 80 }, (_, n) => {
      // In three lives. Counts may fall from page to page within a life, as if pages were reordered.
      const head = { epoch, life: String(n % 3).repeat(32), pass: n + 1 };
      const readings = made
        .filter(() => randomInt(3) > 0)
        .map((device) => reading(device, { receivedBytes: randomInt(1e9), sentBytes: randomInt(1e9) }));
      for (const one of readings) model.get(one.deviceId)!.read(head.life, one);
      return { head, readings };
    });
    const queue = [...pages, ...pages, ...pages].sort(() => randomInt(3) - 1);
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await meters.store(server.id, next.head, next.readings);
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    let total = 0;
    for (const device of made) {
      const { receivedBytes, sentBytes } = model.get(device.id)!.total;
      expect(await usage(device)).toEqual({ up: receivedBytes, down: sentBytes });
      total += receivedBytes + sentBytes;
    }
    const { rows } = await database.pool.query(
      'SELECT used_bytes FROM usage_periods WHERE tenant_id = $1 ORDER BY subject_id = $1',
      [alice.tenantId],
    );
    expect(rows, 'of the user, and of the tenant').toEqual([{ used_bytes: total }, { used_bytes: total }]);
  });

  test('a page that fails leaves nothing behind', async () => {
    const device = await register();
    const bad = reading(device, { receivedBytes: 10, sentBytes: -1 });
    await expect(meters.store(server.id, header(), [bad])).rejects.toThrow();
    expect(await usage(device)).toEqual({ up: 0, down: 0 });
    const { rows } = await database.pool.query('SELECT FROM meter_readings WHERE device_id = $1', [
      device.id,
    ]);
    expect(rows).toHaveLength(0);
  });
});

describe('whose turn it is', () => {
  test('of concurrent claims, one gets the VPN server until it is due again', async () => {
    await meters.claimDue([server.id], 30);
    const claims = await Promise.all(Array.from({ length: 10 }, () => meters.claimDue([server.id], 30)));
    expect(claims.flat()).toEqual([{ serverId: server.id, stored: null }]);
    expect(await meters.claimDue([server.id], 30)).toEqual([]);
  });

  test('the last stored pass is passed on while the agent lives', async () => {
    const { head } = await sample([]);
    const due = async () => {
      await database.pool.query(
        'UPDATE meter_passes SET due_at = now() - make_interval(secs => 1) WHERE server_id = $1',
        [server.id],
      );
      return (await meters.claimDue([server.id], 30))[0];
    };
    expect(await due()).toEqual({ serverId: server.id, stored: { epoch, pass: head.pass } });
    const unfinished = header();
    await meters.beginPass(server.id, unfinished);
    expect((await due())?.stored).toEqual({ epoch, pass: head.pass });
    const [old, before] = [epoch, head];
    await newAgent();
    await meters.beginPass(server.id, header({ pass: 1 }));
    await meters.endPass(server.id, { ...before, epoch: old });
    expect((await due())?.stored).toBeNull();
  });
});

describe('sessions', () => {
  test('the first live handshake opens one; later ones keep it', async () => {
    const device = await register();
    await sample([reading(device, { handshake: 'never' })]);
    expect(await sessionsOf(device)).toEqual([]);
    await sample([reading(device, { handshake: 'live', receivedBytes: 3, sentBytes: 5 })]);
    await sample([reading(device, { handshake: 'live', receivedBytes: 13, sentBytes: 25 })]);
    expect(await sessionsOf(device)).toEqual([
      { state: 'ACTIVE', opened_by: 'handshake', closed_reason: null, upload_bytes: 13, download_bytes: 25 },
    ]);
    expect((await devices.find(alice, device.id))?.lastConnectedAt).not.toBeNull();
  });

  test('a session opened by a handshake ends after 180 s without one; the next handshake opens another', async () => {
    const device = await register();
    await sample([reading(device, { handshake: 'live' })]);
    await sample([reading(device, { handshake: 'idle', sentBytes: 8 })]);
    await sample([reading(device, { handshake: 'live', sentBytes: 9 })]);
    expect(await sessionsOf(device)).toMatchObject([
      { state: 'CLOSED', closed_reason: 'silence', download_bytes: 8 },
      { state: 'ACTIVE', closed_reason: null, download_bytes: 1 },
    ]);
  });

  test('the connect call gives a device 180 s for its handshake', async () => {
    const device = await register();
    await sessions.open(alice, device.id);
    await sample([reading(device, { handshake: 'idle' })]);
    await sample([reading(device, { handshake: 'never' })]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'ACTIVE', opened_by: 'connect' }]);
    await pass180Seconds(device);
    await sample([reading(device, { handshake: 'never' })]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED', closed_reason: 'silence' }]);
  });

  test('a session whose device the VPN server does not know ends after 180 s', async () => {
    const device = await register();
    await sessions.open(alice, device.id);
    await pass180Seconds(device);
    await sample([]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED', closed_reason: 'silence' }]);
  });

  test('a recreated interface ends no session while its device may return', async () => {
    const device = await register();
    await sample([reading(device, { handshake: 'live' })]);
    await newAgent();
    await sample([reading(device, { handshake: 'never' })], { life: 'b'.repeat(32) });
    expect(await sessionsOf(device)).toMatchObject([{ state: 'ACTIVE' }]);
    await pass180Seconds(device);
    await sample([reading(device, { handshake: 'never' })], { life: 'b'.repeat(32) });
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED' }]);
  });

  test('a handshake from before the disconnect call opens none; a later one does', async () => {
    const device = await register();
    await sample([reading(device, { handshake: 'live' })]);
    await sessions.close(alice, device.id);
    await sample([reading(device, { handshake: 'live' })]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED', closed_reason: 'disconnect' }]);
    await pass180Seconds(device);
    await sample([reading(device, { handshake: 'live' })]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED' }, { state: 'ACTIVE' }]);
  });

  test('an older pass, or one of a previous agent, opens and closes nothing', async () => {
    const device = await register();
    const old = await sample([reading(device, { handshake: 'live' })]);
    const silent = await sample([reading(device, { handshake: 'idle' })]);
    await meters.store(server.id, old.head, [reading(device, { handshake: 'live' })]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED' }]);
    await sample([reading(device, { handshake: 'live' })]);
    await meters.store(server.id, silent.head, [reading(device, { handshake: 'idle' })]);
    expect((await sessionsOf(device)).at(-1)).toMatchObject({ state: 'ACTIVE' });
    const dead = epoch;
    await newAgent();
    await sample([reading(device, { handshake: 'idle' })], { epoch: dead, pass: 1_000 });
    expect((await sessionsOf(device)).at(-1)).toMatchObject({ state: 'ACTIVE' });
  });

  test('a deleted device gets no session, and its open one ends', async () => {
    const device = await register();
    await sample([reading(device, { handshake: 'live' })]);
    await devices.delete(alice, device.id);
    await sample([reading(device, { handshake: 'live' })]);
    expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED', closed_reason: 'revoked' }]);
  });

  describe('of a device that moves', () => {
    test('end with the move; the new VPN server’s handshake opens another, and the old one’s last bytes count', async () => {
      const device = await register();
      const old = server;
      const sampleOld = (over: Partial<Reading>) => {
        const head = header();
        return meters
          .claimDue([old.id], 0)
          .then(() => meters.beginPass(old.id, head))
          .then(() => meters.store(old.id, head, [reading(device, over)]))
          .then(() => meters.endPass(old.id, head));
      };
      await sampleOld({ handshake: 'live', receivedBytes: 10 });
      server = await aServer(database, { region: old.region, cidr: '10.9.0.0/24' });
      await devices.move(alice, device.id, { region: null, serverId: server.id });
      expect(await sessionsOf(device)).toMatchObject([{ state: 'CLOSED', closed_reason: 'moved' }]);
      // It does not know of the move yet.
      await sampleOld({ handshake: 'live', receivedBytes: 15 });
      expect(await sessionsOf(device)).toHaveLength(1);
      const oldEpoch = epoch;
      await newAgent();
      await sample([reading(device, { handshake: 'live', receivedBytes: 7 })]);
      epoch = oldEpoch;
      await sampleOld({ handshake: 'idle', receivedBytes: 18 });
      expect(await sessionsOf(device)).toMatchObject([
        { state: 'CLOSED', closed_reason: 'moved', upload_bytes: 10 },
        { state: 'ACTIVE', opened_by: 'handshake', upload_bytes: 7 },
      ]);
      expect(await usage(device)).toEqual({ up: 25, down: 0 });
      const { rows } = await database.pool.query(
        'SELECT server_id, upload_bytes FROM usage_metrics WHERE device_id = $1 ORDER BY upload_bytes',
        [device.id],
      );
      expect(rows).toEqual([
        { server_id: server.id, upload_bytes: 7 },
        { server_id: old.id, upload_bytes: 18 },
      ]);
    });

    test('never stay open, nor those of a deleted device, even if one is opened concurrently', async () => {
      const other = await aServer(database, { region: server.region, cidr: '10.9.0.0/24' });
      for (let round = 0; round < 15; round++) {
        const [mover, leaver] = [await register(), await register()];
        await Promise.all([
          ...[mover, leaver, mover, leaver].map(({ id }) => sessions.open(alice, id).catch(() => undefined)),
          devices.move(alice, mover.id, {
            region: null,
            serverId: mover.placement.serverId === server.id ? other.id : server.id,
          }),
          devices.delete(alice, leaver.id),
        ]);
      }
      const { rows } = await database.pool.query(
        `SELECT d.state, s.closed_reason FROM sessions s JOIN devices d ON d.tenant_id = s.tenant_id AND d.id = s.device_id
         WHERE s.tenant_id = $1 AND s.state = 'ACTIVE' AND (d.state <> 'live' OR d.server_id <> s.server_id)`,
        [alice.tenantId],
      );
      expect(rows).toEqual([]);
    });
  });

  test('concurrent opens leave at most one open', async () => {
    const device = await register();
    const head = header();
    await meters.claimDue([server.id], 30);
    await meters.beginPass(server.id, head);
    await Promise.all([
      ...Array.from({ length: 5 }, () =>
        meters.store(server.id, head, [reading(device, { handshake: 'live' })]),
      ),
      ...Array.from({ length: 5 }, () => sessions.open(alice, device.id)),
    ]);
    expect(await sessionsOf(device)).toHaveLength(1);
  });
});
