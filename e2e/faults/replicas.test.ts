/** API processes that die, freeze and race, in front of one real VPN server. */
import { fileURLToPath } from 'node:url';
import type { Step } from '@cvault/core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import { asUser, type Call, createUser, type DeviceBody, type TestUser } from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from '../harness/control-plane.ts';
import {
  FAULT_SETTINGS,
  type SshVpnServer,
  startReplicas,
  startSshVpnServer,
  untilHealthy,
} from '../harness/platform.ts';
import { Random, shuffled } from '../harness/random.ts';
import { inRound, say, seed } from '../harness/round.ts';
import { until } from '../harness/until.ts';

const CRASH = fileURLToPath(new URL('../harness/crash.mjs', import.meta.url));
const REGION = 'faults';

const secrets = makeSecrets();
let database: TestDatabase;
let one: ControlPlane;
let two: ControlPlane;
let vpn: SshVpnServer;
let alice: TestUser;

const through = (plane: ControlPlane): Call => asUser(plane.baseUrl, alice.apiKey, alice.accessToken);
const register = (call: Call, deviceName: string) =>
  call<DeviceBody>('POST', '/api/v1/devices', { deviceName, region: REGION });
const peersOf = (devices: readonly { assignedIp: string }[]) =>
  devices.map(({ assignedIp }) => `${assignedIp}/32`).sort();
const addressesOnInterface = async () =>
  (await vpn.peers()).map((line) => line.split('\t')[1]?.split(' ')[0]).sort();
const listed = async (call: Call) =>
  (await call<{ devices: (DeviceBody & { deviceName: string })[] }>('GET', '/api/v1/devices')).body.devices;

beforeAll(async () => {
  database = await createTestDatabase();
  [one, two] = (await startReplicas(2, database.url.reveal(), secrets)) as [ControlPlane, ControlPlane];
  vpn = await startSshVpnServer(one, secrets, { poolCidr: '10.70.0.0/22', region: REGION });
  alice = await createUser(one.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
});
afterAll(async () => {
  await Promise.all([one?.kill(), two?.kill()]);
  await vpn?.stop();
  await database?.close();
});

/** After each fault: nothing leaked, nothing stuck, database and interface the same. */
afterEach(async () => {
  await untilHealthy(database, one.baseUrl, secrets);
  expect(await addressesOnInterface()).toEqual(peersOf(await listed(through(one))));
});

const STEPS: readonly Step[] = [
  'register:asked',
  'register:committed',
  'remove:asked',
  'remove:committed',
  'push:ready',
  'push:sent',
  'push:acknowledged',
  'push:recorded',
  'sweep:claimed',
  'reconcile:listed',
  'reconcile:read',
  'reconcile:repaired',
];

test(
  'an API process killed at each step leaves nothing, or what completes by itself',
  { timeout: 900_000 },
  async () => {
    const random = new Random(seed);
    const answered = new Map<string, 'there' | 'gone'>();
    let crashes = 0;
    for (let round = 0; round < inRound({ short: 1, full: 20 }); round++) {
      for (const step of inRound({
        short: shuffled(random, STEPS).slice(0, STEPS.length / 2),
        full: STEPS,
      })) {
        const crash = `${step} ${1 + random.below(3)} ${random.pick([0, 0, 1, 3])}`;
        const doomed = await startControlPlane(
          database.url.reveal(),
          { ...secrets },
          { ...FAULT_SETTINGS, CVAULT_RECONCILE_SECONDS: '1', CVAULT_TEST_CRASH: crash },
          ['--import', CRASH],
        ).catch(() => null);
        if (doomed === null) {
          crashes++;
          continue;
        }
        const call = through(doomed);
        // What nobody pushed: for the sweeper, as if another process had died before.
        const left = await register(through(one), `left ${round} ${step}`);
        await database.pool.query(
          `WITH d AS (UPDATE devices SET generation = generation + 1 WHERE id = $1 RETURNING *)
         INSERT INTO outbox (tenant_id, server_id, device_id, generation)
         SELECT tenant_id, server_id, id, generation FROM d`,
          [left.body.id],
        );
        const client = async (n: number) => {
          for (let turn = 0; turn < 3; turn++) {
            const made = await register(call, `${round} ${step} ${n}.${turn}`);
            if (made.status < 300) answered.set(made.body.id, 'there');
            if (made.status >= 300 || turn === 1) continue;
            const removed = await call('DELETE', `/api/v1/devices/${made.body.id}`);
            if (removed.status < 300) answered.set(made.body.id, 'gone');
          }
        };
        await Promise.all([0, 1, 2].map((n) => client(n).catch(() => undefined)));
        const died = await until('it has died', () => Promise.resolve(hasEnded(doomed.pid)), 4_000).catch(
          () => false,
        );
        if (died) crashes++;
        await doomed.kill();
      }
    }
    say(`${crashes} API processes died at a step`);
    expect(crashes).toBeGreaterThanOrEqual(STEPS.length / 4);
    await untilHealthy(database, one.baseUrl, secrets);
    const there = new Set((await listed(through(one))).map(({ id }) => id));
    const lost = [...answered].filter(([id, what]) => what === 'there' && !there.has(id));
    const risen = [...answered].filter(([id, what]) => what === 'gone' && there.has(id));
    expect({ lost: await notDeleted(lost.map(([id]) => id)), risen }).toEqual({ lost: [], risen: [] });
  },
);

/** A deletion that was committed and never answered leaves a device that its client believes in. */
async function notDeleted(ids: readonly string[]): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    "SELECT id FROM unnest($1::uuid[]) AS id WHERE id NOT IN (SELECT id FROM devices WHERE state = 'deleted')",
    [ids],
  );
  return rows.map(({ id }) => id);
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

test('a replica frozen after its commit cannot bring back what others deleted meanwhile', async () => {
  // It stops itself between commit and push: SIGSTOP instead of SIGKILL, at the same step.
  const frozen = await startControlPlane(
    database.url.reveal(),
    secrets,
    { ...FAULT_SETTINGS, CVAULT_TEST_CRASH: 'register:committed 1 0 SIGSTOP' },
    ['--import', CRASH],
  );
  try {
    const registering = register(through(frozen), 'frozen').catch(() => null);
    const device = await until('it has committed', async () =>
      (await listed(through(one))).find(({ deviceName }) => deviceName === 'frozen'),
    );
    await until('another replica has pushed it', async () =>
      (await addressesOnInterface()).includes(`${device.assignedIp}/32`),
    );
    const { status } = await through(one)('DELETE', `/api/v1/devices/${device.id}`);
    expect(status).toBe(204);
    // The address is somebody else’s by then.
    await new Promise((resolve) => setTimeout(resolve, inRound({ short: 3_000, full: 60_000 })));
    process.kill(frozen.pid, 'SIGCONT');
    await registering;
    await until('the woken one is there again', async () => (await fetch(`${frozen.baseUrl}/readyz`)).ok);
    expect(await addressesOnInterface()).toEqual(peersOf(await listed(through(one))));
    expect((await through(one)('GET', `/api/v1/devices/${device.id}`)).status).toBe(404);
  } finally {
    process.kill(frozen.pid, 'SIGCONT');
    await frozen.kill();
  }
});

test('two replicas racing on everything: the history has an order that explains database and interface', async () => {
  const random = new Random(seed + 1);
  interface Known {
    readonly id: string;
    name: string;
    deleted: boolean;
  }
  const shared: Known[] = [];
  const names = new Map<string, Set<string>>();
  const wrong: string[] = [];
  const client = async (n: number) => {
    for (let turn = 0; turn < inRound({ short: 12, full: 150 }); turn++) {
      const call = through(random.pick([one, two]));
      const target = shared.length === 0 ? undefined : random.pick(shared);
      const what =
        target === undefined ? 'create' : random.pick(['create', 'rename', 'delete', 'delete'] as const);
      if (what === 'create') {
        const name = `racer ${n}.${turn}`;
        const { status, body } = await register(call, name);
        if (status > 202) wrong.push(`create answered ${status}`);
        else shared.push({ id: body.id, name, deleted: false });
        if (status <= 202) names.set(body.id, new Set([name]));
      } else if (what === 'rename' && target !== undefined) {
        const name = `renamed ${n}.${turn}`;
        const before = target.deleted;
        names.get(target.id)?.add(name);
        const { status } = await call('PATCH', `/api/v1/devices/${target.id}`, { deviceName: name });
        // Whoever was told of the deletion before they asked must see it.
        if (before && status !== 404) wrong.push(`rename after delete answered ${status}`);
        if (![200, 404].includes(status)) wrong.push(`rename answered ${status}`);
      } else if (target !== undefined) {
        const before = target.deleted;
        const { status } = await call('DELETE', `/api/v1/devices/${target.id}`);
        if (status <= 204 && before) wrong.push('a device was deleted twice');
        if (![202, 204, 404].includes(status)) wrong.push(`delete answered ${status}`);
        if (status <= 204) target.deleted = true;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, n) => client(n)));
  expect(wrong).toEqual([]);
  await untilHealthy(database, one.baseUrl, secrets);
  const there = new Map((await listed(through(two))).map((device) => [device.id, device.deviceName]));
  for (const { id, deleted } of shared) {
    expect(there.has(id), id).toBe(!deleted);
    if (!deleted) expect(names.get(id)).toContain(there.get(id));
  }
});
