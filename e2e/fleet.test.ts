/**
 * Two VPN servers: devices move between them, and leave one that is in maintenance. Everything is real: API
 * processes, PostgreSQL, sshd, WireGuard, and packets of IPv4 and IPv6.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import {
  type Call,
  callAsAdmin,
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

interface VpnServer {
  readonly id: string;
  readonly network: VpnServerNetwork;
  readonly host: TestHost;
}

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let internet: Internet;
let east: VpnServer;
let west: VpnServer;
let hosts: TestHost[] = [];
let admin: Call;
let alice: TestUser;
let phone: WireGuardClient;
let device: DeviceBody;

const CVAULT = fileURLToPath(new URL('../packages/cli/bin/cvault.mjs', import.meta.url));

async function cvault(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram([process.execPath, CVAULT, ...args], {
    timeoutMs: 180_000,
    env: { PATH: process.env['PATH'], CVAULT_URL: plane.baseUrl, CVAULT_ADMIN_KEY: secrets.CVAULT_ADMIN_KEY },
  });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

async function addServer(label: string): Promise<VpnServer> {
  const network = await internet.addVpnServer(label);
  const { namespace, managementAddress, publicAddress } = network;
  const host = await startTestHost({ namespace, init: 'none', address: managementAddress });
  hosts.push(host);
  const id = await cvault(
    ...['server', 'add', `root@${managementAddress}`, '--region', label, '--name', label],
    ...['--endpoint', publicAddress, ...host.sshOptions],
  );
  return { id, network, host };
}

const peersOn = async ({ host }: VpnServer) =>
  (await host.must(['wg', 'show', 'wg0', 'peers'])).split('\n').filter((line) => line !== '');

const untilEmpty = (server: VpnServer) =>
  until('the old VPN server carries no peer', async () =>
    (await peersOn(server)).length === 0 ? true : undefined,
  );

const move = (body: object) => alice.call<DeviceBody>('POST', `/api/v1/devices/${device.id}/move`, body);

/** The pages that the phone reaches with its latest configuration. */
async function throughTunnel(config: string): Promise<(string | undefined)[]> {
  await phone.down().catch(() => undefined);
  await phone.up(config);
  return [await phone.fetch(internet.echoUrl), await phone.fetch(internet.echoUrl6)];
}
const addressesOf = ({ network }: VpnServer) => [network.publicAddress, network.publicAddress6];

beforeAll(async () => {
  database = await createTestDatabase();
  internet = await createInternet();
  const network = await internet.addClient('phone');
  [plane, phone] = await Promise.all([
    startControlPlane(database.url.reveal(), secrets, { CVAULT_RECONCILE_SECONDS: '5' }),
    startWireGuardClient(network.namespace),
  ]);
  admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  east = await addServer('east');
  west = await addServer('west');
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
});

afterAll(async () => {
  await plane?.stop();
  await phone?.stop();
  for (const host of hosts) await host.stop();
  hosts = [];
  await internet?.destroy();
  await database?.close();
});

test('end users see both, and a device is where it asked to be', async () => {
  const { regions } = await must(
    alice.call<{ regions: { id: string; servers: object[] }[] }>('GET', '/api/v1/locations'),
  );
  expect(regions).toMatchObject([
    { id: 'east', servers: [{ id: east.id, status: 'available', load: 'low', hasIpv6: true }] },
    { id: 'west', servers: [{ id: west.id, publicIp: west.network.publicAddress }] },
  ]);
  const { status, body } = await registerDevice(alice, { deviceName: 'phone', region: 'east' });
  expect([status, body.server.ip]).toEqual([201, east.network.publicAddress]);
  device = body;
  expect(await throughTunnel(device.config)).toEqual(addressesOf(east));
});

describe('a device that moves', () => {
  test('is carried by the other VPN server when the call returns, and the old one lets it go', async () => {
    const { status, body } = await move({ region: 'west' });
    expect([status, body.id, body.status]).toEqual([200, device.id, 'active']);
    expect(body.server.ip).toBe(west.network.publicAddress);
    await untilEmpty(east);
    expect(await throughTunnel(body.config)).toEqual(addressesOf(west));
    expect(await throughTunnel(device.config), 'with the old configuration').toEqual([undefined, undefined]);
  });

  test('away from an unreachable VPN server works at once, and the old peer is removed when it returns', async () => {
    await west.network.namespace.run('ip', ['link', 'set', 'mgmt', 'down']);
    const { status, body } = await move({ serverId: east.id });
    expect([status, body.status]).toEqual([200, 'active']);
    expect(await throughTunnel(body.config)).toEqual(addressesOf(east));
    expect(await peersOn(west)).toHaveLength(1);
    const states = async () =>
      (
        await database.pool.query<{ state: string }>(
          'SELECT state FROM ip_pool WHERE server_id = $1 AND device_id = $2',
          [west.id, device.id],
        )
      ).rows.map(({ state }) => state);
    expect(await states()).toEqual(['draining']);
    await west.network.namespace.run('ip', ['link', 'set', 'mgmt', 'up']);
    await untilEmpty(west);
    await until('its address is given back', async () => ((await states()).length === 0 ? true : undefined));
  });
});

test('a pool added during operation carries packets at once', async () => {
  const { pools } = await must(
    admin<{ pools: { id: string }[] }>('GET', `/api/v1/admin/servers/${west.id}/pools`),
  );
  await must(admin('POST', `/api/v1/admin/servers/${west.id}/pools`, { cidr: '10.77.0.0/29' }));
  expect((await admin('DELETE', `/api/v1/admin/servers/${west.id}/pools/${pools[0]!.id}`)).status).toBe(204);
  const { body } = await move({ region: 'west' });
  expect(body.assignedIp).toBe('10.77.0.2');
  expect(await throughTunnel(body.config)).toEqual(addressesOf(west));
});

describe('a VPN server in maintenance', () => {
  test('disabled, it has no peers; enabled, packets flow again', async () => {
    await cvault('server', 'disable', west.id, '--yes');
    await untilEmpty(west);
    const { status } = await must(alice.call<{ status: string }>('GET', `/api/v1/devices/${device.id}`));
    expect(status).toBe('suspended');
    await cvault('server', 'enable', west.id);
    await until('the device is active', async () => {
      const { body } = await alice.call<{ status: string }>('GET', `/api/v1/devices/${device.id}`);
      return body.status === 'active' ? true : undefined;
    });
    const config = await must(alice.call<string>('GET', `/api/v1/devices/${device.id}/config`));
    expect(await throughTunnel(config)).toEqual(addressesOf(west));
  });

  test('evacuated, its devices are on the other one, and it carries none', async () => {
    await cvault('server', 'evacuate', west.id, '--region', 'east', '--yes');
    await untilEmpty(west);
    const evacuation = await must(admin('GET', `/api/v1/admin/servers/${west.id}/evacuation`));
    expect(evacuation).toMatchObject({ total: 1, moved: 1, remaining: 0, failed: 0 });
    const config = await must(alice.call<string>('GET', `/api/v1/devices/${device.id}/config`));
    expect(await throughTunnel(config)).toEqual(addressesOf(east));
    const refused = await registerDevice(alice, { deviceName: 'tablet', serverId: west.id });
    expect([refused.status, (refused.body as unknown as { code: string }).code]).toEqual([
      409,
      'server_not_open',
    ]);
    expect((await admin('DELETE', `/api/v1/admin/servers/${west.id}`)).status).toBe(204);
  });
});
