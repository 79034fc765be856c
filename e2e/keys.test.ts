/** Key rotation, device expiry and private networks through the API, observed in real tunnels. */
import { parseConfig } from '@cvault/wireguard';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../packages/api/src/testing/database.ts';
import {
  callAsAdmin,
  createUser,
  type DeviceBody,
  must,
  registerDevice,
  type TestUser,
} from './harness/api-client.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from './harness/control-plane.ts';
import { type SshVpnServer, startSshVpnServer } from './harness/platform.ts';
import { until } from './harness/until.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const secrets = makeSecrets();
let database: TestDatabase;
let plane: ControlPlane;
let vpn: SshVpnServer;
let alice: TestUser;
let phone: WireGuardClient;
let laptop: WireGuardClient;
let device: DeviceBody;

beforeAll(async () => {
  database = await createTestDatabase();
  plane = await startControlPlane(database.url.reveal(), secrets, { CVAULT_RECONCILE_SECONDS: '2' });
  vpn = await startSshVpnServer(plane, secrets, { poolCidr: '10.8.0.0/24', region: 'us-east' });
  const networks = [await vpn.internet.addClient('phone'), await vpn.internet.addClient('laptop')];
  [phone, laptop] = (await Promise.all(networks.map(({ namespace }) => startWireGuardClient(namespace)))) as [
    WireGuardClient,
    WireGuardClient,
  ];
  alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  device = await must(registerDevice(alice));
  await phone.up(device.config);
});

afterAll(async () => {
  await plane?.stop();
  await Promise.all([phone?.stop(), laptop?.stop()]);
  await vpn?.stop();
  await database?.close();
});

const webPage = (client: WireGuardClient) => client.fetch(vpn.internet.echoUrl, 1_000);
const flows = () => until('packets flow', () => webPage(phone));
const stops = () => until('packets stop', async () => (await webPage(phone)) === undefined);
const rotate = (overlapSeconds: number) =>
  must(alice.call<DeviceBody>('POST', `/api/v1/devices/${device.id}/rotate`, { overlapSeconds }));
const reaches = async (client: WireGuardClient, address: string) =>
  (await client.run(['ping', '-c', '1', '-W', '1', address])).status === 0;
const peersOnInterface = async () => (await vpn.peers()).length;

/** Applies a new configuration like an app: the interface stays, and key and preshared key change in place. */
async function takeKeys(config: string): Promise<void> {
  const { interface: own, peers } = parseConfig(config);
  const key = (bytes: Buffer | null | undefined) => bytes?.toString('base64') ?? '';
  const script =
    'umask 077; echo "$1" >/run/client/key; echo "$2" >/run/client/psk; ' +
    'wg set tun private-key /run/client/key peer "$3" preshared-key /run/client/psk';
  const args = [key(own.privateKey), key(peers[0]?.presharedKey), key(peers[0]?.publicKey)];
  expect((await phone.run(['sh', '-c', script, 'sh', ...args])).status).toBe(0);
}

test('rotated with an overlap, the old key works until the new one is used', async () => {
  await flows();
  const { hostname } = new URL(vpn.internet.echoUrl);
  const pinging = phone.run(['ping', '-q', '-i', '0.02', '-c', '200', '-W', '1', hostname]);
  const old = device.config;
  const rotated = await rotate(600);
  expect(rotated).toMatchObject({ id: device.id, assignedIp: device.assignedIp, status: 'active' });
  expect(await webPage(phone), 'with the old key').toBe(vpn.network.publicAddress);
  expect(await peersOnInterface()).toBe(2);
  await takeKeys(rotated.config);
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec((await pinging).stdout) ?? [];
  process.stdout.write(
    `keys: ${Number(sent) - Number(received)} of ${sent ?? '?'} pings, one every 20 ms, lost at the change of a key\n`,
  );
  await flows();
  expect(await peersOnInterface()).toBe(1);
  await takeKeys(old);
  expect(await webPage(phone), 'with the old key').toBeUndefined();
  await takeKeys(rotated.config);
  await flows();
});

test('rotated without an overlap, the old key has stopped working when the call returns', async () => {
  const rotated = await rotate(0);
  expect(await webPage(phone)).toBeUndefined();
  await takeKeys(rotated.config);
  await flows();
});

test('an expired device loses its tunnel, and gets it back with a later expiry', async () => {
  const expire = (expiresAt: Date | null) =>
    must(alice.call('PATCH', `/api/v1/devices/${device.id}?wait=active`, { expiresAt }));
  await expire(new Date(Date.now() + 1_000));
  await stops();
  expect(await must(alice.call('GET', `/api/v1/devices/${device.id}`))).toMatchObject({
    status: 'suspended',
    reason: 'expired',
  });
  expect(await peersOnInterface()).toBe(0);
  await expire(null);
  await phone.down();
  await phone.up(await must(alice.call<string>('GET', `/api/v1/devices/${device.id}/config`)));
  await flows();
});

test('two devices of a tenant reach each other only while it has a private network', async () => {
  const other = await must(registerDevice(alice, { deviceName: 'laptop' }));
  await laptop.up(other.config);
  expect(await until('packets flow', () => webPage(laptop))).toBe(vpn.network.publicAddress);
  expect(await reaches(phone, other.assignedIp)).toBe(false);
  const admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
  const setNetwork = (privateNetwork: boolean) =>
    must(admin('PATCH', `/api/v1/admin/tenants/${alice.tenantId}`, { privateNetwork }));
  await setNetwork(true);
  await until(
    'they reach each other',
    async () => (await reaches(phone, other.assignedIp)) && reaches(laptop, device.assignedIp),
  );
  await setNetwork(false);
  await until('they do not', async () => !(await reaches(phone, other.assignedIp)));
});
