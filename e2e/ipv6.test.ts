/** IPv6 inside the tunnel, which is the default, and outside of it, to a VPN server with an IPv6 endpoint. */
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
import { startTestHost, type TestHost } from './harness/test-host.ts';
import { runScriptOverSsh } from './harness/vpn-server.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let internet: Internet;
let network: VpnServerNetwork;
let host: TestHost;
let admin: Call;
let alice: TestUser;
let phone: WireGuardClient;
let phoneAddress6: string;
let serverId: string;
let device: DeviceBody;

const line = (config: string, name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(config)?.[1];

beforeAll(async () => {
  database = await createTestDatabase();
  internet = await createInternet();
  network = await internet.addVpnServer('vpn');
  const phoneNetwork = await internet.addClient('phone');
  phoneAddress6 = phoneNetwork.address6;
  const address = network.managementAddress;
  [plane, host, phone] = await Promise.all([
    startControlPlane(database.url.reveal(), secrets),
    startTestHost({ namespace: network.namespace, init: 'none', address }),
    startWireGuardClient(phoneNetwork.namespace),
  ]);
  admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  const { server, installation } = await must(
    admin<{ server: { id: string }; installation: string }>('POST', '/api/v1/admin/servers', {
      name: 'six',
      region: 'six',
      endpointHost: network.publicAddress6,
      sshHost: address,
      tunnelPrefix6: 'fd12:3456:789a:1::/64',
    }),
  );
  serverId = server.id;
  const { status, stdout, stderr } = await runScriptOverSsh(host, address, installation);
  expect(status, stderr).toBe(0);
  const { interfacePublicKey, hostKeys } = JSON.parse(stdout) as Record<string, unknown>;
  await must(admin('POST', `/api/v1/admin/servers/${serverId}/activate`, { interfacePublicKey, hostKeys }));
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
});

afterAll(async () => {
  await plane?.stop();
  await phone?.stop();
  await host?.stop();
  await internet?.destroy();
  await database?.close();
});

const reached = async (config: string) => {
  await phone.down().catch(() => undefined);
  await phone.up(config);
  return [await phone.fetch(internet.echoUrl), await phone.fetch(internet.echoUrl6)];
};
const throughTunnel = () => [network.publicAddress, network.publicAddress6];

test('on a VPN server with only an IPv6 endpoint, packets of both versions flow through the tunnel', async () => {
  const { status, body } = await registerDevice(alice);
  expect(status).toBe(201);
  device = body;
  expect(line(body.config, 'Address')).toBe('10.8.0.2/32, fd12:3456:789a:1::a08:2/128');
  expect(line(body.config, 'AllowedIPs')).toBe('0.0.0.0/0, ::/0');
  expect(line(body.config, 'Endpoint')).toBe(`[${network.publicAddress6}]:51820`);
  expect(await reached(body.config)).toEqual(throughTunnel());
});

test('a second device has its own address in the prefix, and the two cannot reach each other over IPv6', async () => {
  const { body } = await registerDevice(alice, { deviceName: 'laptop' });
  expect(line(body.config, 'Address')).toBe('10.8.0.3/32, fd12:3456:789a:1::a08:3/128');
  expect((await phone.run(['ping', '-6', '-c', '2', '-W', '1', 'fd12:3456:789a:1::a08:3'])).status).toBe(1);
  expect((await phone.run(['ping', '-6', '-c', '1', '-W', '2', 'fd12:3456:789a:1::1'])).status).toBe(0);
});

describe('a VPN server with two endpoints', () => {
  const config = (endpoint: string) =>
    alice.call<string>('GET', `/api/v1/devices/${device.id}/config${endpoint}`);

  test('is reached over IPv4 unless the device asks for IPv6', async () => {
    expect((await config('?endpoint=ipv4')).status).toBe(400);
    await must(
      admin('PATCH', `/api/v1/admin/servers/${serverId}`, {
        endpointHost: network.publicAddress,
        endpointHost6: network.publicAddress6,
      }),
    );
    const [four, six] = [await must(config('')), await must(config('?endpoint=ipv6'))] as unknown as [
      string,
      string,
    ];
    expect(line(four, 'Endpoint')).toBe(`${network.publicAddress}:51820`);
    expect(line(six, 'Endpoint')).toBe(`[${network.publicAddress6}]:51820`);
    expect(await reached(four)).toEqual(throughTunnel());
    expect(await reached(six)).toEqual(throughTunnel());
  });
});

describe('a VPN server without IPv6 in the tunnel', () => {
  let config: string;

  beforeAll(async () => {
    await database.pool.query('UPDATE servers SET tunnel_prefix6 = NULL WHERE id = $1', [serverId]);
    const { id, config: text } = await must(registerDevice(alice, { deviceName: 'tablet' }));
    device = { ...device, id };
    config = text;
  });

  test('still routes the device’s IPv6 into the tunnel, so nothing leaks', async () => {
    await phone.down().catch(() => undefined);
    expect(await phone.fetch(internet.echoUrl6)).toBe(phoneAddress6);
    expect(line(config, 'Address')).toBe('10.8.0.4/32');
    expect(line(config, 'AllowedIPs')).toBe('0.0.0.0/0, ::/0');
    expect(await reached(config)).toEqual([network.publicAddress, undefined]);
  });

  test('leaves it outside if the tenant wants that', async () => {
    await must(admin('PATCH', `/api/v1/admin/tenants/${alice.tenantId}`, { routeIpv6: false }));
    const other = await must(alice.call<string>('GET', `/api/v1/devices/${device.id}/config`));
    expect(line(other, 'AllowedIPs')).toBe('0.0.0.0/0');
    expect(await reached(other)).toEqual([network.publicAddress, phoneAddress6]);
  });
});
