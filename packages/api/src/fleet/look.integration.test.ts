import type { Owner } from '../devices/ports.ts';
import { digestOfPeer } from '@cvault/protocol';
import { encodeKey } from '@cvault/wireguard';
import { describe, expect } from 'vitest';
import { createDeviceStore } from '../devices/store.ts';
import { createPeerStore } from './peer-store.ts';
import { aDevice, anEpoch, aServer, aTenantWithUser } from '../testing/fixtures.ts';
import type { AgentDigest } from './link/link.ts';
import { lookAtAll } from './look.ts';
import { test as base } from '../testing/test-with-database.ts';

type Scripted = Parameters<typeof lookAtAll>[0] extends ReadonlyMap<string, infer L> ? L : never;
let alice: Owner;
let serverId: string;
let region: string;
let epoch: string;
let differing: string[];

const answering = (digest: AgentDigest | 'untold' | null): Scripted => ({
  state: 'ready',
  digest: () => Promise.resolve(digest),
});

const test = base
  .extend('devices', { scope: 'file' }, ({ database }) => createDeviceStore(database.as('cvault_api'), 0))
  .extend('peers', { scope: 'file' }, ({ database }) => createPeerStore(database.as('cvault_links'), 0))
  .extend(
    'look',
    ({ peers }) =>
      (links: Record<string, Scripted>) =>
        lookAtAll(new Map(Object.entries(links)), peers, 30_000, (id) => differing.push(id)),
  )
  /** A device that the VPN server has acknowledged, and what of it goes into the agent's digest. */
  .extend('anActiveDevice', ({ devices, peers }) => async (): Promise<bigint> => {
    const device = await devices.register(aDevice(alice, { region }));
    await peers.acknowledge(serverId, epoch, [{ deviceId: device.id, generation: device.generation }]);
    return digestOfPeer({
      deviceId: device.id,
      generation: device.generation,
      publicKey: encodeKey(device.publicKey),
      addresses: [device.assignedIp],
    });
  });

test.beforeEach(async ({ database, peers }) => {
  const server = await aServer(database, { region: `region-${Math.random()}`.replace('.', '-') });
  [serverId, region, epoch, differing] = [server.id, server.region, anEpoch(), []];
  alice = await aTenantWithUser(database);
  await peers.adoptEpoch(serverId, epoch);
});

describe('a look at a VPN server', () => {
  let agent: AgentDigest;
  test.beforeEach(async ({ peers, anActiveDevice }) => {
    const digest = (await anActiveDevice()) ^ (await anActiveDevice()) ^ (await anActiveDevice());
    const tunnelAddresses = (await peers.tunnelAddresses(serverId)).join(' ');
    agent = { epoch, peers: 3, digest, drifted: 0, tunnelAddresses };
  });

  test('that is as it should be reads one line and notes that it was heard', async ({ database, look }) => {
    await database.pool.query('UPDATE servers SET last_contact_at = NULL WHERE id = $1', [serverId]);
    expect(await look({ [serverId]: answering(agent) })).toEqual({ quiet: 1, full: 0, away: 0 });
    expect(differing).toEqual([]);
    const { rows } = await database.pool.query<{ last_contact_at: Date | null }>(
      'SELECT last_contact_at FROM servers WHERE id = $1',
      [serverId],
    );
    expect(rows[0]?.last_contact_at).not.toBeNull();
  });

  test.for<[string, (agent: AgentDigest) => AgentDigest | 'untold']>([
    ['has another peer', (one) => ({ ...one, digest: one.digest ^ 1n })],
    ['has one peer too few', (one) => ({ ...one, peers: 2 })],
    ['says that somebody changed it', (one) => ({ ...one, drifted: 1 })],
    ['knows other tunnel addresses', (one) => ({ ...one, tunnelAddresses: '10.99.0.1/24' })],
    ['lives another life', (one) => ({ ...one, epoch: anEpoch() })],
    ['cannot say', () => 'untold'],
  ])('that %s has it reconciled', async ([, change], { look }) => {
    expect(await look({ [serverId]: answering(change(agent)) })).toEqual({ quiet: 0, full: 1, away: 0 });
    expect(differing).toEqual([serverId]);
  });

  test('whose last change is not acknowledged has it reconciled', async ({ devices, look }) => {
    await devices.register(aDevice(alice, { region }));
    expect(await look({ [serverId]: answering({ ...agent, peers: 4 }) })).toMatchObject({ full: 1 });
  });

  test('that goes away meanwhile leaves it to its link', async ({ look }) => {
    expect(await look({ [serverId]: answering(null) })).toEqual({ quiet: 0, full: 0, away: 1 });
    expect(differing).toEqual([]);
  });

  test('is one replica’s alone, until its claim has run out', async ({ database, look }) => {
    const counts = await Promise.all([1, 2, 3].map(() => look({ [serverId]: answering(agent) })));
    expect(counts.map(({ quiet }) => quiet).sort()).toEqual([0, 0, 1]);
    await database.pool.query(
      'UPDATE servers SET look_after = now() - make_interval(secs => 1) WHERE id = $1',
      [serverId],
    );
    expect(await look({ [serverId]: answering(agent) })).toMatchObject({ quiet: 1 });
  });

  test('that answers late keeps the others from nothing', async ({ database, look }) => {
    const slow = await aServer(database, { region: `${region}-slow` });
    let answer: (digest: 'untold') => void = () => undefined;
    const looking = look({
      [slow.id]: { state: 'ready', digest: () => new Promise((resolve) => (answer = resolve)) },
      [serverId]: answering({ ...agent, drifted: 1 }),
    });
    await expect.poll(() => differing).toEqual([serverId]);
    answer('untold');
    expect(await looking).toMatchObject({ full: 2 });
    expect(differing).toEqual([serverId, slow.id]);
  });
});

test('what was found changed is counted on the VPN server', async ({ database, peers }) => {
  await peers.noteDrift(serverId, 2);
  await peers.noteDrift(serverId, 1);
  const { rows } = await database.pool.query<{ drift_found: number }>(
    'SELECT drift_found FROM servers WHERE id = $1',
    [serverId],
  );
  expect(rows).toEqual([{ drift_found: 3 }]);
});
