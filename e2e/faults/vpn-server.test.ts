/** Faults of a VPN server and of the way to it: killed, cut, silent, slow, crowded, changed manually. */
import { encodeKey, generateKeyPair } from '@cvault/wireguard';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../packages/api/src/testing/database.ts';
import { aServer } from '../../packages/api/src/testing/fixtures.ts';
import {
  asUser,
  type Call,
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  type TestUser,
} from '../harness/api-client.ts';
import { type ControlPlane, makeSecrets } from '../harness/control-plane.ts';
import {
  readMetric,
  type SshVpnServer,
  startReplicas,
  startSshVpnServer,
  untilHealthy,
} from '../harness/platform.ts';
import { inRound, say } from '../harness/round.ts';
import { until } from '../harness/until.ts';
import { processIds } from '../harness/vpn-server.ts';

const REGION = 'faults';
const OTHER_REGION = 'elsewhere';
const CROWD = inRound({ short: 300, full: 10_000 });

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let vpn: SshVpnServer;
let alice: TestUser;
let call: Call;

const register = (region: string, over: Record<string, unknown> = {}) =>
  call<DeviceBody>('POST', '/api/v1/devices', { deviceName: 'phone', region, ...over });
const driftFound = async () => {
  const { rows } = await database.pool.query<{ drift_found: number }>(
    'SELECT drift_found FROM servers WHERE id = $1',
    [vpn.id],
  );
  return rows[0]!.drift_found;
};
const metric = (name: string) => readMetric(plane.baseUrl, secrets, name, vpn.id);
const wg = (...args: string[]) => vpn.host.must(['wg', 'set', 'wg0', ...args]);
const killOnHost = async (pattern: string) => {
  const pids = await processIds(vpn.host, pattern);
  expect(pids).not.toEqual([]);
  // One may already have ended together with another.
  await vpn.host.run(['kill', '-9', ...pids]);
};
const linkState = async () => {
  const { checks } = await must(call<{ checks: { name: string; status: string }[] }>('GET', '/readyz'));
  return checks.find(({ name }) => name === 'vpn-servers')?.status;
};

beforeAll(async () => {
  database = await createTestDatabase();
  // An unaffected VPN server, which must not notice anything.
  await aServer(database, { region: OTHER_REGION, cidr: '10.72.0.0/16' });
  [plane] = (await startReplicas(1, database.url.reveal(), secrets)) as [ControlPlane];
  vpn = await startSshVpnServer(plane, secrets, { poolCidr: '10.71.0.0/16', region: REGION });
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  call = asUser(plane.baseUrl, alice.apiKey, alice.accessToken);
  for (let n = 0; n < 5; n++) expect((await register(REGION)).status).toBe(201);
});
afterAll(async () => {
  await plane?.kill();
  await vpn?.stop();
  await database?.close();
});
afterEach(() => untilHealthy(database, plane.baseUrl, secrets));

/** Registers on both VPN servers at the same time, the faulty and the unaffected one. */
async function registersAsideOf(trouble: Promise<unknown>): Promise<void> {
  let over = false;
  void trouble.finally(() => (over = true));
  let count = 0;
  do {
    const { status } = await register(OTHER_REGION);
    expect(status, 'the other VPN server is not slowed').toBe(201);
  } while (!over && ++count < 2_000);
  await trouble;
}

test('manual changes are repaired and reported: a peer added, a peer removed, an address moved', async () => {
  const before = await vpn.peers();
  const found = await driftFound();
  const [first, second, third] = before.map((line) => line.split('\t') as [string, string]);
  await wg('peer', encodeKey(generateKeyPair().publicKey), 'allowed-ips', '10.71.200.1/32');
  await wg('peer', first![0], 'remove');
  await wg('peer', second![0], 'allowed-ips', `${second![1]} ${third![1]}`.replaceAll(' ', ','));
  expect(await vpn.peers()).not.toEqual(before);
  await until(
    'it is as before',
    async () => JSON.stringify(await vpn.peers()) === JSON.stringify(before),
    60_000,
  );
  await until('it is reported', async () => (await driftFound()) >= found + 4);
  expect(await metric('cvault_server_drift_found')).toBe(await driftFound());
  expect(plane.log()).toContain('VPN server differed from the database');
  const { devices } = await must(call<{ devices: { status: string }[] }>('GET', '/api/v1/devices'));
  expect(
    devices.every(({ status }) => status === 'active'),
    'none is failed for it',
  ).toBe(true);
});

test('when idle, nothing is written', async () => {
  const found = await driftFound();
  const writes = async () =>
    JSON.stringify([
      await vpn.peers(),
      // PostgreSQL's own mark of the last writer of a row.
      (await database.pool.query('SELECT id, xmin FROM devices ORDER BY id')).rows,
    ]);
  const before = await writes();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(await writes()).toBe(before);
  expect(await driftFound()).toBe(found);
});

test(`the agent, wireguard-go, and the whole host at once, killed with ${CROWD} peers: all are back`, async () => {
  const { rows } = await database.pool.query<{ tenant_id: string; user_id: string }>(
    'SELECT tenant_id, user_id FROM devices LIMIT 1',
  );
  await database.pool.query(
    `WITH n AS (SELECT row_number() OVER () AS n, address FROM
         (SELECT address FROM ip_pool WHERE server_id = $1 AND state = 'free' ORDER BY address LIMIT $4) AS free),
       hashed AS (SELECT n, address, sha256(('key' || n)::bytea) AS hash FROM n),
       -- The highest bit of a usable key is clear; the first one keeps it set, which is poison.
       made AS (SELECT gen_random_uuid() AS id, n, address, set_byte(hash, 31, CASE n WHEN 1 THEN 255
         ELSE get_byte(hash, 31) & 127 END) AS key FROM hashed),
       d AS (INSERT INTO devices (id, tenant_id, user_id, server_id, name, public_key, assigned_ip)
         SELECT id, $2, $3, $1, 'crowd ' || n, key, address FROM made),
       k AS (INSERT INTO public_keys (key_hash, tenant_id, device_id) SELECT sha256(key), $2, id FROM made),
       l AS (UPDATE ip_pool SET state = 'held', tenant_id = $2, device_id = made.id FROM made
         WHERE ip_pool.server_id = $1 AND ip_pool.address = made.address),
       o AS (INSERT INTO outbox (tenant_id, server_id, device_id, generation) SELECT $2, $1, id, 1 FROM made),
       u AS (UPDATE tenant_users SET device_count = device_count + (SELECT count(*) FROM made)
         WHERE tenant_id = $2 AND id = $3)
     UPDATE tenants SET device_count = device_count + (SELECT count(*) FROM made) WHERE id = $2`,
    [vpn.id, rows[0]!.tenant_id, rows[0]!.user_id, CROWD],
  );
  const all = CROWD + 4;
  const areAll = async () => (await vpn.peers()).length === all;
  await until('the crowd is there', areAll, 120_000);
  const { rows: failed } = await database.pool.query(
    "SELECT name, failure FROM devices WHERE state = 'failed' AND server_id = $1",
    [vpn.id],
  );
  expect(failed, 'the poison kept nobody else waiting').toEqual([{ name: 'crowd 1', failure: 'invalid' }]);
  await untilHealthy(database, plane.baseUrl, secrets);
  const before = await vpn.peers();
  for (const [what, ...patterns] of [
    ['agent', 'agent.mjs serve'],
    ['wireguard-go', 'wireguard-go'],
    // The state after a reboot: no process, no interface, no kernel rules, and a new epoch.
    ['host', 'agent.mjs', 'wireguard-go'],
  ] as const) {
    const start = performance.now();
    if (what === 'host') await vpn.host.must(['nft', 'flush', 'ruleset']);
    await Promise.all(patterns.map(killOnHost));
    await until(
      'all are acknowledged in a new life',
      async () => {
        const { rowCount } = await database.pool.query(
          `SELECT FROM servers s WHERE s.id = $1 AND NOT EXISTS (
           SELECT FROM devices d WHERE d.server_id = s.id AND d.removed_at IS NULL AND d.applied_epoch IS DISTINCT FROM s.epoch)`,
          [vpn.id],
        );
        return rowCount === 1 && performance.now() - start > 1_000 && (await areAll());
      },
      120_000,
    );
    expect(await vpn.peers()).toEqual(before);
    expect(await vpn.host.must(['nft', 'list', 'tables'])).toContain('cvault');
    say(`${what} killed: ${all} peers back after ${((performance.now() - start) / 1_000).toFixed(1)} s`);
  }
});

test('a half-open connection is detected, no call hangs, and another VPN server is not slowed; then everything completes', async () => {
  const link = (state: 'up' | 'down') => vpn.network.namespace.run('ip', ['link', 'set', 'mgmt', state]);
  await link('down');
  try {
    const start = performance.now();
    const seconds = () => ((performance.now() - start) / 1_000).toFixed(1);
    const pushed = register(REGION);
    await registersAsideOf(pushed);
    expect((await pushed).status).toBe(202);
    say(`half-open: answered 202 after ${seconds()} s`);
    await until('the link is found cut', async () => (await linkState()) === 'degraded');
    say(`half-open: found after ${seconds()} s`);
    expect((await register(REGION)).status).toBe(202);
    expect(await metric('cvault_server_up')).toBe(0);
    expect(await metric('cvault_server_queued_changes')).toBeGreaterThanOrEqual(2);
  } finally {
    await link('up');
  }
  await until('the metrics are clear again', async () => {
    const [up, queued] = [await metric('cvault_server_up'), await metric('cvault_server_queued_changes')];
    return up === 1 && queued === 0;
  });
});

test('packets are silently dropped during a conversation', async () => {
  const nft = (text: string) => vpn.network.namespace.run('nft', text.split(' '));
  await nft('add table inet fault');
  try {
    await nft('add chain inet fault in { type filter hook input priority 0 ; policy drop ; }');
    expect((await register(REGION)).status).toBe(202);
    await until('the link is found cut', async () => (await linkState()) === 'degraded');
  } finally {
    await nft('delete table inet fault');
  }
});

test('SSH is cut repeatedly under load: every 201 has its peer', async () => {
  let cuts = 0;
  const cutting = (async () => {
    for (; cuts < inRound({ short: 5, full: 50 }); cuts++) {
      await vpn.host.run(['pkill', '-9', '-u', 'cvault', '-f', 'agent.mjs relay']);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  })();
  const statuses: number[] = [];
  let over = false;
  void cutting.finally(() => (over = true));
  while (!over && statuses.length < 2_000) {
    const { status, body } = await register(REGION);
    statuses.push(status);
    if (status === 201) expect((await vpn.peers()).join()).toContain(`${body.assignedIp}/32`);
  }
  await cutting;
  expect(statuses.every((status) => status === 201 || status === 202)).toBe(true);
});

test('slow: most packets are lost', async () => {
  const nft = (text: string) => vpn.network.namespace.run('nft', text.split(' '));
  await nft('add table inet fault');
  try {
    await nft('add chain inet fault in { type filter hook input priority 0 ; }');
    await nft('add rule inet fault in tcp dport 22 limit rate over 8/second burst 4 packets drop');
    const slow = Promise.all(Array.from({ length: 5 }, () => register(REGION)));
    await registersAsideOf(slow);
    for (const { status } of await slow) expect([201, 202]).toContain(status);
  } finally {
    await nft('delete table inet fault');
  }
});

test('sshd at its limit of sessions and unauthenticated connections: the link returns afterwards', async () => {
  await vpn.host.must([
    'sh',
    '-c',
    "printf 'MaxSessions 0\\nMaxStartups 1:100:1\\n' >/etc/ssh/sshd_config.d/fault.conf && pkill -HUP -o -x sshd",
  ]);
  try {
    await vpn.host.run(['pkill', '-9', '-u', 'cvault', '-f', 'agent.mjs relay']);
    await until('it is refused', async () => (await linkState()) === 'degraded');
    expect((await register(REGION)).status).toBe(202);
    expect((await register(OTHER_REGION)).status).toBe(201);
  } finally {
    await vpn.host.must(['sh', '-c', 'rm /etc/ssh/sshd_config.d/fault.conf && pkill -HUP -o -x sshd']);
  }
});

test('the operator’s checker sees a foreign peer before its repair, or nothing after it', async () => {
  await wg('peer', encodeKey(generateKeyPair().publicKey), 'allowed-ips', '10.71.200.2/32');
  const examination = await must(
    callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY)<{ findings: { breach: string }[] }>(
      'GET',
      '/api/v1/admin/doctor?deep=true',
    ),
  );
  for (const { breach } of examination.findings) expect(breach).toBe('orphan_peer');
});
