/** API processes that die, freeze and race, in front of two real VPN servers. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Step } from '../../packages/api/src/platform/observability/steps.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import {
  asUser,
  type Call,
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  type TestUser,
} from '../harness/api-client.ts';
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
const OTHER_REGION = 'elsewhere';

const secrets = makeSecrets();
let database: TestDatabase;
let one: ControlPlane;
let two: ControlPlane;
let vpn: SshVpnServer;
let other: SshVpnServer;
let alice: TestUser;

const through = (plane: ControlPlane): Call => asUser(plane.baseUrl, alice.apiKey, alice.accessToken);
const register = (call: Call, deviceName: string) =>
  call<DeviceBody>('POST', '/api/v1/devices', { deviceName, region: REGION });
const rotate = (call: Call, id: string, overlapSeconds: number) =>
  call<{ publicKey: string }>('POST', `/api/v1/devices/${id}/rotate`, { overlapSeconds });
const move = (call: Call, id: string, region: string) =>
  call<DeviceBody>('POST', `/api/v1/devices/${id}/move`, { region });
const peersOf = (devices: readonly { assignedIp: string }[]) =>
  devices.map(({ assignedIp }) => `${assignedIp}/32`).sort();
/** Without new keys that await their first handshake: until then, the old key has the addresses. */
const addressesOnInterfaces = async () =>
  [...(await vpn.peers()), ...(await other.peers())]
    .map((line) => line.split('\t')[1]?.split(' ')[0])
    .filter((address) => address !== '(none)')
    .sort();
const listed = async (call: Call) =>
  (await call<{ devices: ListedDevice[] }>('GET', '/api/v1/devices')).body.devices;
interface ListedDevice extends DeviceBody {
  readonly deviceName: string;
  readonly publicKey: string;
}

beforeAll(async () => {
  database = await createTestDatabase();
  [one, two] = (await startReplicas(2, database.url.reveal(), secrets)) as [ControlPlane, ControlPlane];
  [vpn, other] = await Promise.all([
    startSshVpnServer(one, secrets, { poolCidr: '10.70.0.0/22', region: REGION }),
    startSshVpnServer(one, secrets, { poolCidr: '10.74.0.0/22', region: OTHER_REGION }),
  ]);
});
/** Each test has its own user, because the leftovers of a long round would fill the pools. */
beforeEach(async () => {
  alice = await createUser(one.baseUrl, secrets.CVAULT_ADMIN_KEY, randomUUID());
});
afterAll(async () => {
  await Promise.all([one?.kill(), two?.kill()]);
  await Promise.all([vpn?.stop(), other?.stop()]);
  await database?.close();
});

/** After each fault: no leaks, nothing stuck, and database and interface agree. */
afterEach(async () => {
  await untilHealthy(database, one.baseUrl, secrets);
  expect(await addressesOnInterfaces()).toEqual(peersOf(await listed(through(one))));
  const admin = callAsAdmin(one.baseUrl, secrets.CVAULT_ADMIN_KEY);
  await must(admin('DELETE', `/api/v1/admin/tenants/${alice.tenantId}`));
});

const CHANGES: readonly Step[] = ['rotate:asked', 'rotate:committed', 'move:asked', 'move:committed'];
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
  { timeout: 1_800_000 },
  async () => {
    const random = new Random(seed);
    const answered = new Map<string, 'there' | 'gone'>();
    const keys = new Map<string, string>();
    const places = new Map<string, string>();
    let crashes = 0;
    /** Everything that was answered is in the database. */
    const nothingLost = async () => {
      await untilHealthy(database, one.baseUrl, secrets);
      const there = new Set((await listed(through(one))).map(({ id }) => id));
      const lost = [...answered].filter(([id, what]) => what === 'there' && !there.has(id));
      const risen = [...answered].filter(([id, what]) => what === 'gone' && there.has(id));
      expect({ lost: await notDeleted(lost.map(([id]) => id)), risen }).toEqual({ lost: [], risen: [] });
      const now = await listed(through(one));
      expect(now.filter(({ id, publicKey }) => (keys.get(id) ?? publicKey) !== publicKey)).toEqual([]);
      expect(now.filter(({ id, server }) => (places.get(id) ?? server.region) !== server.region)).toEqual([]);
    };
    for (let round = 0; round < inRound({ short: 1, full: 10 }); round++) {
      for (const step of inRound({
        short: [
          ...shuffled(random, CHANGES).slice(0, 2),
          ...shuffled(random, STEPS).slice(0, STEPS.length / 2),
        ],
        full: [...CHANGES, ...STEPS],
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
        // A change that nobody pushed, left for the sweeper, as if another process had died before.
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
            if (made.status >= 300) continue;
            const { id } = made.body;
            if (turn === 0) {
              const rotated = await rotate(call, id, random.pick([0, 3_600]));
              if (rotated.status < 300) keys.set(id, rotated.body.publicKey);
              const moved = await move(call, id, OTHER_REGION);
              if (moved.status < 300) places.set(id, OTHER_REGION);
            }
            if (turn < 2) continue;
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
      await nothingLost();
      for (const { id } of await listed(through(one))) {
        const removed = await through(one)('DELETE', `/api/v1/devices/${id}`);
        if (removed.status < 300) answered.set(id, 'gone');
      }
    }
    say(`${crashes} API processes died at a step`);
    expect(crashes).toBeGreaterThanOrEqual(STEPS.length / 4);
    await nothingLost();
  },
);

/** A deletion that was committed but not answered leaves a device that its client still believes in. */
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

test('a replica frozen after its commit cannot restore a device that others deleted meanwhile', async () => {
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
      (await addressesOnInterfaces()).includes(`${device.assignedIp}/32`),
    );
    await must(through(one)('DELETE', `/api/v1/devices/${device.id}`));
    await until(
      'it is off the interface',
      async () => !(await addressesOnInterfaces()).includes(`${device.assignedIp}/32`),
    );
    // In the long round it stays frozen until the others consider its connections dead.
    await new Promise((resolve) => setTimeout(resolve, inRound({ short: 3_000, full: 60_000 })));
    process.kill(frozen.pid, 'SIGCONT');
    await registering;
    await until('the woken one is there again', async () => (await fetch(`${frozen.baseUrl}/readyz`)).ok);
    expect(await addressesOnInterfaces()).toEqual(peersOf(await listed(through(one))));
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
  const keys = new Map<string, Set<string>>();
  const wrong: string[] = [];
  const client = async (n: number) => {
    for (let turn = 0; turn < inRound({ short: 12, full: 150 }); turn++) {
      const call = through(random.pick([one, two]));
      const target = shared.length === 0 ? undefined : random.pick(shared);
      const what =
        target === undefined
          ? 'create'
          : random.pick(['create', 'create', 'rename', 'rotate', 'move', 'delete', 'delete'] as const);
      if (what === 'create') {
        const name = `racer ${n}.${turn}`;
        const { status, body } = await call<ListedDevice>('POST', '/api/v1/devices', {
          deviceName: name,
          region: REGION,
        });
        if (status > 202) wrong.push(`create answered ${status}`);
        else {
          names.set(body.id, new Set([name]));
          keys.set(body.id, new Set([body.publicKey]));
          shared.push({ id: body.id, name, deleted: false });
        }
      } else if (what === 'rename' && target !== undefined) {
        const name = `renamed ${n}.${turn}`;
        const before = target.deleted;
        names.get(target.id)?.add(name);
        const { status } = await call('PATCH', `/api/v1/devices/${target.id}`, { deviceName: name });
        // A caller who asks after the deletion was answered must see it.
        if (before && status !== 404) wrong.push(`rename after delete answered ${status}`);
        if (![200, 404].includes(status)) wrong.push(`rename answered ${status}`);
      } else if ((what === 'rotate' || what === 'move') && target !== undefined) {
        const before = target.deleted;
        const answer =
          what === 'rotate'
            ? await rotate(call, target.id, random.pick([0, 3_600]))
            : await move(call, target.id, random.pick([REGION, OTHER_REGION]));
        if (before && answer.status !== 404) wrong.push(`${what} after delete answered ${answer.status}`);
        if (![200, 202, 404].includes(answer.status)) wrong.push(`${what} answered ${answer.status}`);
        if (what === 'rotate' && answer.status <= 202)
          keys.get(target.id)?.add((answer.body as { publicKey: string }).publicKey);
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
  const there = new Map((await listed(through(two))).map((device) => [device.id, device]));
  for (const { id, deleted } of shared) {
    const device = there.get(id);
    expect(device !== undefined, id).toBe(!deleted);
    if (device === undefined) continue;
    expect(names.get(id)).toContain(device.deviceName);
    expect(keys.get(id)).toContain(device.publicKey);
  }
});
