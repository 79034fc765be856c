/**
 * A VPN server of the previous release under the present control plane: it works unchanged, and is upgraded while
 * packets flow. Everything is real: API process, PostgreSQL, sshd, WireGuard.
 */
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
import { type Cli, createCli } from './harness/cli.ts';
import { type ControlPlane, makeSecrets, startControlPlane } from './harness/control-plane.ts';
import { createInternet, type Internet, type VpnServerNetwork } from './harness/internet.ts';
import { PREVIOUS_VERSION, previousInstallation } from './harness/previous-release.ts';
import { type Init, startTestHost, type TestHost } from './harness/test-host.ts';
import { until } from './harness/until.ts';
import { processIds, runScriptOverSsh } from './harness/vpn-server.ts';
import { startWireGuardClient, type WireGuardClient } from './harness/wireguard-client.ts';

const SERVE = 'agent.mjs serve --interface wg0';
const NAME = 'US-East-Primary';

interface Listed {
  readonly servers: readonly { readonly id: string; readonly agentVersion: string | null }[];
  readonly latestAgentVersion: string;
}

describe.each<Init>(['systemd', 'none'])('with init %s', (init) => {
  const secrets = makeSecrets();
  let database: TestDatabase;
  let plane: ControlPlane;
  let cli: Cli;
  let internet: Internet;
  let network: VpnServerNetwork;
  let host: TestHost;
  let admin: Call;
  let alice: TestUser;
  let phone: WireGuardClient;
  let device: DeviceBody;
  let latest: string;

  const listed = () => must(admin<Listed>('GET', '/api/v1/admin/servers'));

  beforeAll(async () => {
    database = await createTestDatabase();
    internet = await createInternet();
    network = await internet.addVpnServer('vpn');
    const phoneNetwork = await internet.addClient('phone');
    [plane, host, phone] = await Promise.all([
      startControlPlane(database.url.reveal(), secrets, {
        CVAULT_RECONCILE_SECONDS: '2',
        CVAULT_METER_SECONDS: '2',
      }),
      startTestHost({ namespace: network.namespace, init, address: network.managementAddress }),
      startWireGuardClient(phoneNetwork.namespace),
    ]);
    cli = createCli(plane, secrets);
    admin = callAsAdmin(plane.baseUrl, secrets.CVAULT_ADMIN_KEY);
    const { server, installation } = await must(
      admin<{ server: { id: string }; installation: string }>('POST', '/api/v1/admin/servers', {
        name: NAME,
        region: 'us-east',
        endpointHost: network.publicAddress,
        sshHost: network.managementAddress,
      }),
    );
    const old = await previousInstallation(installation);
    const { status, stdout, stderr } = await runScriptOverSsh(host, network.managementAddress, old);
    expect(status, stderr).toBe(0);
    const { interfacePublicKey, hostKeys } = JSON.parse(stdout) as Record<string, unknown>;
    await must(
      admin('POST', `/api/v1/admin/servers/${server.id}/activate`, { interfacePublicKey, hostKeys }),
    );
    alice = await createUser(plane.baseUrl, secrets.CVAULT_ADMIN_KEY, 'Alice’s company');
  });

  afterAll(async () => {
    await plane?.stop();
    await phone?.stop();
    await host?.stop();
    await internet?.destroy();
    await database?.close();
  });

  describe('as it is', () => {
    test('the list shows its version, and that there is a newer one', async () => {
      const { servers, latestAgentVersion } = await listed();
      latest = latestAgentVersion;
      expect(servers[0]?.agentVersion).toBe(PREVIOUS_VERSION);
      expect(latest).not.toBe(PREVIOUS_VERSION);
      const { stdout, stderr } = await cli.run('server', 'list');
      expect(stdout).toContain(` ${PREVIOUS_VERSION} `);
      expect(stderr).toContain(`1 without agent ${latest}`);
    });

    test('a device is registered, and packets flow when the call returns', async () => {
      const { status, body } = await registerDevice(alice);
      expect([status, body.status]).toEqual([201, 'active']);
      device = body;
      await phone.up(device.config);
      expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
    });

    test('the device’s usage is counted', async () => {
      await until('its bytes are counted', async () => {
        await phone.fetch(internet.echoUrl);
        const { rows } = await database.pool.query<{ bytes: string }>(
          'SELECT sum(received_bytes + sent_bytes) AS bytes FROM meter_readings WHERE device_id = $1',
          [device.id],
        );
        return Number(rows[0]?.bytes) > 0;
      });
    });

    test('a manually removed peer is restored', async () => {
      const peers = async () => (await host.must(['wg', 'show', 'wg0', 'peers'])).trim();
      const peer = await peers();
      await host.must(['wg', 'set', 'wg0', 'peer', peer, 'remove']);
      await until('it is back', async () => (await peers()) === peer);
      // The client would make a handshake only after missing an answer.
      await phone.restart();
      expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
    });
  });

  describe('the upgrade', () => {
    test('installs the new agent while packets flow, and loses none', async () => {
      const key = await host.must(['wg', 'show', 'wg0', 'public-key']);
      const interfaceIds = await processIds(host, 'wireguard-go -f wg0');
      const agentIds = await processIds(host, SERVE);
      // Ends on request, and then prints the number of answers.
      const pinging = phone.run(['sh', '-c', 'exec ping -n -i 0.1 -W 20 -w 200 "$0"', '203.0.113.254'], {
        timeoutMs: 240_000,
      });
      const { status, stderr } = await cli.run('server', 'upgrade', NAME, ...host.sshOptions);
      expect(status, stderr).toBe(0);
      expect(stderr).toContain(`agent ${PREVIOUS_VERSION} → ${latest}`);
      await until('the control plane has heard the new agent', async () => {
        const { servers } = await listed();
        return servers[0]?.agentVersion === latest;
      });
      await phone.run(['pkill', '-INT', '-x', 'ping']);
      const [, sent, received] =
        /(\d+) packets transmitted, (\d+) received/.exec((await pinging).stdout) ?? [];
      expect(Number(sent)).toBeGreaterThan(10);
      // The last packet may still be on its way.
      expect(Number(sent) - Number(received)).toBeLessThanOrEqual(1);

      expect(await host.must(['wg', 'show', 'wg0', 'public-key'])).toBe(key);
      expect(await processIds(host, 'wireguard-go -f wg0')).toEqual(interfaceIds);
      const now = await processIds(host, SERVE);
      expect(now).toHaveLength(1);
      expect(now).not.toEqual(agentIds);
      expect((await cli.run('server', 'list')).stdout).toContain(` ${latest} `);
    });

    test('leaves its devices unchanged', async () => {
      const { status } = await must(alice.call<{ status: string }>('GET', `/api/v1/devices/${device.id}`));
      expect(status).toBe('active');
      expect(await phone.fetch(internet.echoUrl)).toBe(network.publicAddress);
      const { body } = await registerDevice(alice, { deviceName: 'tablet' });
      expect(body.status).toBe('active');
    });

    test('repeated for all: changes nothing', async () => {
      const before = await processIds(host, SERVE);
      const { status, stderr } = await cli.run('server', 'upgrade', '--all', ...host.sshOptions);
      expect(status, stderr).toBe(0);
      expect(stderr).toContain('1 of 1 VPN servers are upgraded');
      expect(await processIds(host, SERVE)).toEqual(before);
    });

    test('keeps the agent supervised: a killed one restarts', async () => {
      const [before = ''] = await processIds(host, SERVE);
      await host.must(['kill', '-KILL', before]);
      await until('there is another', async () => {
        const [now] = await processIds(host, SERVE);
        return now !== undefined && now !== before;
      });
      await until('it registers devices', async () => {
        const { body } = await registerDevice(alice, { deviceName: 'laptop' });
        return body.status === 'active';
      });
    });

    test('can be removed completely, like every installation of this version', async () => {
      const removed = await host.run(['/usr/lib/cvault/remove', 'wg0']);
      expect(removed.status, removed.stderr).toBe(0);
      expect((await host.run(['ip', 'link', 'show', 'dev', 'wg0'])).status).toBe(1);
      expect(await processIds(host, 'agent.mjs|wireguard-go|supervise')).toEqual([]);
      expect((await host.run(['getent', 'passwd', 'cvault'])).status).toBe(2);
    });
  });
});
