/**
 * The whole product: a tenant's user registers a device through the API, and packets flow through a VPN server that
 * CVault provisioned over SSH. Everything is real: API processes, PostgreSQL, sshd, WireGuard.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeKey, generateKeyPair } from '@cvault/wireguard';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import {
  asUser,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from './harness/control-plane.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './harness/internet.ts';
import { runProgram } from './harness/program.ts';
import { startTestHost, type TestHost } from './harness/test-host.ts';
import { until } from './harness/until.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const secrets = makeSecrets();
let database: TestDatabase;
let one: ControlPlane;
let two: ControlPlane;
let internet: Internet;
let network: VpnServerNetwork;
let host: TestHost;
let serverId: string;
let alice: TestUser;
let bob: TestUser;
let phone: WireGuardClient;
let laptop: WireGuardClient;

const peersOnInterface = async () =>
  (await host.must(['wg', 'show', 'wg0', 'peers'])).split('\n').filter((line) => line !== '');

const CVAULT = fileURLToPath(new URL('../packages/cli/bin/cvault.mjs', import.meta.url));

/** The operator's command line, with their ssh options. */
const cvault = (...args: string[]) =>
  runProgram([process.execPath, CVAULT, ...args], {
    timeoutMs: 120_000,
    env: { PATH: process.env['PATH'], CVAULT_URL: one.baseUrl, CVAULT_ADMIN_KEY: secrets.CVAULT_ADMIN_KEY },
  });

/** Turns the bare machine into a VPN server like the operator, and returns its id. */
async function addServer(cidr: string): Promise<string> {
  const { status, stdout, stderr } = await cvault(
    ...[
      'server',
      'add',
      `root@${network.managementAddress}`,
      '--region',
      'us-east',
      '--name',
      'US-East-Primary',
    ],
    ...['--endpoint', network.publicAddress, '--pool', cidr, ...host.sshOptions],
  );
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

beforeAll(async () => {
  database = await createTestDatabase();
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  const [phoneNetwork, laptopNetwork] = [
    await internet.addClient('phone'),
    await internet.addClient('laptop'),
  ];
  [one, two, host, phone, laptop] = await Promise.all([
    startControlPlane(database.url.reveal(), secrets),
    startControlPlane(database.url.reveal(), secrets),
    startTestHost({ namespace: network.namespace, init: 'none', address: network.managementAddress }),
    startWireGuardClient(phoneNetwork.namespace),
    startWireGuardClient(laptopNetwork.namespace),
  ]);
  serverId = await addServer('10.8.0.0/24');
  alice = await createUser(one.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  bob = await createUser(one.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Bob’s company');
});

afterAll(async () => {
  await Promise.all([one?.stop(), two?.stop()]);
  await Promise.all([phone?.stop(), laptop?.stop()]);
  await host?.stop();
  await internet?.destroy();
  await database?.close();
});

describe('packets', () => {
  let device: DeviceBody;
  let other: DeviceBody;

  test('flow when the call returns, and come from the VPN server’s address', async () => {
    const { status, body } = await registerDevice(alice);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'active',
      assignedIp: '10.8.0.2',
      server: { ip: network.publicAddress, port: 51820, region: 'us-east' },
    });
    device = body;
    await phone.up(device.config);
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
  });

  test('flow with the MTU, search domains and keepalive of tenant and user, applied by wg-quick', async () => {
    const settings = { mtu: 1280, searchDomains: ['corp.example', 'lan'], persistentKeepalive: 0 };
    await must(alice.call('PATCH', '/api/v1/tenant/settings', settings));
    const interfaceWith = async () => {
      const config = await must(alice.call<string>('GET', `/api/v1/devices/${device.id}/config`));
      await phone.down();
      await phone.up(config);
      expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
      const [link, keepalive] = await Promise.all([
        phone.run(['ip', 'link', 'show', 'tun']),
        phone.run(['wg', 'show', 'tun', 'persistent-keepalive']),
      ]);
      return {
        mtu: Number(/mtu (\d+)/.exec(link.stdout)?.[1]),
        keepalive: keepalive.stdout.trim().split('\t')[1],
      };
    };
    expect(await interfaceWith()).toEqual({ mtu: 1280, keepalive: 'off' });
    expect(await phone.resolvConf()).toMatch(/nameserver 8\.8\.8\.8\nsearch corp\.example lan\n/);
    await must(
      alice.call('PATCH', `/api/v1/devices/${device.id}`, { mtu: 1412, persistentKeepalive: 65_535 }),
    );
    expect(await interfaceWith()).toEqual({ mtu: 1412, keepalive: '65535' });
    const defaults = { mtu: null, searchDomains: [], persistentKeepalive: 25 };
    await must(alice.call('PATCH', '/api/v1/tenant/settings', defaults));
    await must(alice.call('PATCH', `/api/v1/devices/${device.id}`, { mtu: null, persistentKeepalive: null }));
  });

  test('flow for a device with its own key, whose private key we never had', async () => {
    const keys = generateKeyPair();
    const { status, body } = await registerDevice(bob, {
      deviceName: 'laptop',
      publicKey: encodeKey(keys.publicKey),
    });
    expect(status).toBe(201);
    expect(body.config).toMatch(/^# PrivateKey/m);
    expect(body.config).not.toMatch(/^PrivateKey/m);
    other = body;
    const config = body.config.replace(/^# PrivateKey.*$/m, `PrivateKey = ${encodeKey(keys.privateKey)}`);
    await laptop.up(config);
    expect(await laptop.fetch(internet.echoUrl)).toBe(network.publicAddress);
    const { rows } = await database.pool.query('SELECT private_key FROM devices WHERE id = $1', [body.id]);
    expect(rows).toEqual([{ private_key: null }]);
  });

  test('do not pass between two devices of two tenants', async () => {
    expect((await phone.run(['ping', '-c', '2', '-W', '1', other.assignedIp])).status).toBe(1);
    expect((await laptop.run(['ping', '-c', '2', '-W', '1', device.assignedIp])).status).toBe(1);
    // The tunnels themselves work, so the VPN server stops the packets.
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
    expect(await laptop.fetch(internet.echoUrl)).toBe(network.publicAddress);
  });

  test('with a source address that is not the device’s are dropped', async () => {
    const spoofed = '10.8.0.200';
    await phone.run(['ip', 'address', 'add', `${spoofed}/32`, 'dev', 'tun']);
    const ping = (source: string) => phone.run(['ping', '-c', '2', '-W', '1', '-I', source, '10.8.0.1']);
    expect((await ping(device.assignedIp)).status).toBe(0);
    expect((await ping(spoofed)).status).toBe(1);
    await phone.run(['ip', 'address', 'delete', `${spoofed}/32`, 'dev', 'tun']);
  });

  test('do not reach the VPN server’s own services through the tunnel', async () => {
    for (const address of ['10.8.0.1', network.publicAddress, network.managementAddress]) {
      const ssh = await phone.run(['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/22`]);
      expect(ssh.status, address).not.toBe(0);
    }
  });

  test('stop with the device: the next one does not pass', async () => {
    expect((await alice.call('DELETE', `/api/v1/devices/${device.id}`)).status).toBe(204);
    expect(await phone.fetch(internet.echoUrl, 3_000)).toBeUndefined();
    expect(await laptop.fetch(internet.echoUrl), 'the other one is untouched').toBe(network.publicAddress);
    await phone.down();
    await laptop.down();
  });
});

describe('the operator’s command line', () => {
  test('lists and tests the VPN server', async () => {
    const line = new RegExp(`^${serverId} +US-East-Primary +us-east +active +healthy `, 'm');
    // On a busy machine the channel may not answer for a moment, which the list shows.
    await until('the list says that it is healthy', async () => {
      const { stdout, stderr } = await cvault('server', 'list');
      if (!line.test(stdout)) throw new Error(`${stdout}${stderr}`);
      return true;
    });
    expect(JSON.parse((await cvault('server', 'test', serverId)).stdout)).toMatchObject({
      interfaceName: 'wg0',
    });
  });

  test('a machine that refuses the operator leaves no entry behind', async () => {
    const args = ['-o', 'BatchMode=yes', '-o', 'IdentityFile=none', '-o', 'StrictHostKeyChecking=yes'];
    const names = async () =>
      [...(await cvault('server', 'list')).stdout.matchAll(/^(\S+)/gm)].map(([id]) => id);
    const before = await names();
    const refused = await cvault(
      'server',
      'add',
      `root@${network.managementAddress}`,
      '--region',
      'us-east',
      ...args,
    );
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toContain('ssh could not run the installation');
    expect(await names()).toEqual(before);
  });

  test.each([
    [['server', 'remove', '00000000-0000-4000-8000-000000000000'], 3, 'there is no VPN server'],
    [['server', 'test', 'nonsense'], 3, 'there is no VPN server nonsense'],
    [['server', 'add', '--region', 'us-east', '--', '-oProxyCommand=id'], 2, 'is no destination for ssh'],
    [
      ['server', 'evacuate', 'US-East-Primary', '--region', 'mars', '--yes'],
      2,
      'No other VPN server of this region',
    ],
  ])('%j is refused in words', async (args, exitCode, words) => {
    const { status, stderr } = await cvault(...args);
    expect(status).toBe(exitCode);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });
});

describe('a VPN server that is away', () => {
  let pending: DeviceBody;

  test('registering answers 202 pending, deleting 202 removing', async () => {
    const before = (await registerDevice(alice)).body;
    // Half-open: packets vanish without notice to the control plane.
    await network.namespace.run('ip', ['link', 'set', 'mgmt', 'down']);
    await until('the control plane sees that it is away', async () => {
      const { body } = await alice.call<{ server: { status: string } }>('GET', '/api/v1/vpn/server/status');
      return body.server.status === 'unreachable' ? true : undefined;
    });
    await until('the list says so, too', async () => {
      const list = await cvault('server', 'list');
      return (
        /US-East-Primary +us-east +active +unreachable /.test(list.stdout) &&
        list.stderr.includes('US-East-Primary: unreachable')
      );
    });
    const { status, body } = await registerDevice(alice);
    expect([status, body.status]).toEqual([202, 'pending']);
    pending = body;
    expect((await alice.call('POST', '/api/v1/vpn/connect', { deviceId: pending.id })).status).toBe(503);
    expect((await alice.call('DELETE', `/api/v1/devices/${before.id}`)).status).toBe(202);
    expect((await alice.call('GET', `/api/v1/devices/${before.id}`)).status).toBe(404);
  });

  test('both complete when it returns', async () => {
    await network.namespace.run('ip', ['link', 'set', 'mgmt', 'up']);
    await until('the device is active', async () => {
      const { body } = await alice.call<{ status: string }>('GET', `/api/v1/devices/${pending.id}`);
      return body.status === 'active' ? true : undefined;
    });
    await phone.up(pending.config);
    expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
    await phone.down();
    await until('the deleted one is off the interface', async () =>
      (await peersOnInterface()).length === 2 ? true : undefined,
    );
  });
});

test('if an API process is killed between commit and acknowledgement, its committed devices still become active', async () => {
  // Ten running registrations, each at any step.
  const under = Array.from({ length: 10 }, () =>
    registerDevice({ ...alice, call: asUser(two.baseUrl, alice.apiKey, alice.accessToken) }).catch(
      () => null,
    ),
  );
  await until('one of them is committed', async () => {
    const { rows } = await database.pool.query('SELECT FROM devices WHERE applied_generation = 0');
    return rows.length > 0 ? true : undefined;
  }).catch(() => undefined);
  await two.kill();
  await Promise.all(under);
  await until('all are active', async () => {
    const { body } = await alice.call<{ devices: { status: string }[] }>('GET', '/api/v1/devices');
    return body.devices.every((each) => each.status === 'active') ? true : undefined;
  });
  const { rows } = await database.pool.query("SELECT FROM devices WHERE state = 'live'");
  expect(await peersOnInterface()).toHaveLength(rows.length);
  two = await startControlPlane(database.url.reveal(), secrets);
});

test('500 concurrent registrations on two API processes and a pool of 253: no address twice, a typed refusal for the rest', async () => {
  for (const user of [alice, bob]) {
    const { devices } = await must(user.call<{ devices: { id: string }[] }>('GET', '/api/v1/devices'));
    for (const { id } of devices) await must(user.call('DELETE', `/api/v1/devices/${id}`));
  }
  await until('no peer is left', async () => (await peersOnInterface()).length === 0);
  // Ends their quarantine, so that the pool is complete again.
  await database.pool.query('UPDATE ip_pool SET free_after = now() WHERE server_id = $1', [serverId]);
  // Load generator, API, PostgreSQL and VPN server share this machine's cores, and all 500 wait in one queue.
  const patient = { DATABASE_WAIT_MS: '60000' };
  const planes = await Promise.all([
    startControlPlane(database.url.reveal(), secrets, patient),
    startControlPlane(database.url.reveal(), secrets, patient),
  ]);
  const callers = [alice, bob].flatMap((user) =>
    planes.map((plane) => ({ ...user, call: asUser(plane.baseUrl, user.apiKey, user.accessToken) })),
  );
  /** Like a client: an overloaded API process refuses before doing anything, and says when to retry. */
  const register = async (n: number): ReturnType<typeof registerDevice> => {
    const answer = await registerDevice(callers[n % 4]!, { deviceName: `device ${n}` });
    if (answer.status !== 503) return answer;
    expect(answer.body).toMatchObject({ code: 'overloaded' });
    await sleep(Number(answer.headers.get('retry-after')) * 1_000);
    return register(n);
  };
  const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => register(n)));
  const made = answers.filter(({ status }) => status === 201 || status === 202).map(({ body }) => body);
  const refused = answers
    .filter(({ status }) => status >= 400)
    .map(({ status, body }) => [status, (body as unknown as { code: string }).code]);
  expect(made).toHaveLength(253);
  expect(refused).toEqual(Array.from({ length: 247 }, () => [409, 'pool_exhausted']));
  await until('all are active', async () => {
    const { rows } = await database.pool.query(
      "SELECT FROM devices WHERE state = 'live' AND applied_generation = 1",
    );
    return rows.length === 253;
  });
  await Promise.all(planes.map((plane) => plane.stop()));
  expect(new Set(made.map((each) => each.assignedIp)).size).toBe(253);
  const peers = await peersOnInterface();
  expect(peers).toHaveLength(253);
  expect(new Set(peers).size).toBe(253);
});

test('no log contains the secrets', () => {
  const logs = one.log() + two.log();
  for (const secret of [
    ...Object.values<string>({ ...secrets }),
    alice.apiKey,
    alice.accessToken,
    database.url.reveal(),
  ]) {
    expect(logs.includes(secret)).toBe(false);
  }
  expect(logs).not.toMatch(/PrivateKey = |PRIVATE KEY/);
});
