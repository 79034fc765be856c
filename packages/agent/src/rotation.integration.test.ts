import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAgent, type Agent } from './agent.ts';
import { connectInProcess } from './in-process.ts';
import { createLinuxTraffic } from './linux-traffic.ts';
import {
  connectControlPlane,
  createVpnLab,
  randomPublicKey,
  whyNoNetworkLab,
  type TestControlPlane,
  type VpnClient,
  type VpnLab,
} from './testing/index.ts';
import { createWgBackend } from './wg-backend.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();

describe.skipIf(missing !== undefined)(
  `on real tunnels${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let vpn: VpnLab;
    let client: VpnClient;
    let agent: Agent;
    let plane: TestControlPlane;

    beforeAll(async () => {
      vpn = await createVpnLab();
      client = await vpn.client(2);
      await startAgent();
      await plane.apply(client.setOp(1));
      await client.untilConnected();
    }, 60_000);

    afterAll(async () => {
      await agent.close();
      await vpn.destroy();
    });

    async function startAgent(forgetEndpointAfterMs = 600_000): Promise<void> {
      const backend = await createWgBackend(vpn.wg.interfaceName, vpn.server.run);
      const traffic = createLinuxTraffic(vpn.wg.interfaceName, vpn.server.run);
      agent = await createAgent({ backend, traffic, forgetEndpointAfterMs });
      const stream = connectInProcess(agent);
      plane = await connectControlPlane(stream, stream);
    }

    const endpoints = () => vpn.server.run('wg', ['show', vpn.wg.interfaceName, 'endpoints']);

    test('the endpoint of a silent client is forgotten, and the client reconnects without help', async () => {
      await agent.close();
      await startAgent(5000);
      const presharedKey = randomPublicKey();
      await plane.apply(client.setOp(2, { presharedKey }));
      await setClientPresharedKey(presharedKey);
      await client.untilConnected();
      expect(await endpoints()).toContain('198.51.100.');
      const forgotten = `${client.wg.publicKey}\t(none)\n`;
      await vi.waitUntil(async () => (await endpoints()) === forgotten, { timeout: 60_000, interval: 500 });
      const held = await vpn.server.run('wg', ['show', vpn.wg.interfaceName, 'allowed-ips']);
      expect(held).toBe(`${client.wg.publicKey}\t${client.address4}/32 ${client.address6}/128\n`);
      await agent.close();
      await startAgent();
      await plane.apply(client.setOp(2, { presharedKey }));
      // With a session of seconds ago, this client retries it for 15 s first. A session of ten minutes ago has
      // expired.
      await client.untilConnected();
      expect((await plane.stats()).devices).toMatchObject([{ deviceId: client.deviceId, handshake: 'live' }]);
    }, 120_000);

    async function setClientPresharedKey(presharedKey: string): Promise<void> {
      const { interfaceName } = client.wg;
      const psk = ['preshared-key', '/dev/stdin'];
      await client.namespace.run(
        'wg',
        ['set', interfaceName, 'peer', vpn.wg.publicKey, ...psk],
        presharedKey,
      );
      // A new session, so that both sides use the new key.
      await client.namespace.run('ip', ['link', 'set', interfaceName, 'down']);
      await client.namespace.run('ip', ['link', 'set', interfaceName, 'up']);
      await client.namespace.run('ip', ['route', 'replace', 'default', 'dev', interfaceName]);
      await client.namespace.run('ip', [
        '-6',
        'address',
        'replace',
        `${client.address6}/128`,
        'dev',
        interfaceName,
      ]);
      await client.namespace.run('ip', ['-6', 'route', 'replace', 'default', 'dev', interfaceName]);
    }

    test('a new key takes over without the tunnel noticing, and the old one is dead then', async () => {
      const second = await vpn.secondTunnel(client);
      const counts = async () => (await plane.stats()).devices[0]?.receivedBytes ?? 0;
      const before = await counts();
      const [result] = await plane.apply(
        client.setOp(3, { publicKey: second.wg.publicKey, replaces: client.wg.publicKey }),
      );
      expect(result?.outcome).toBe('applied');
      await sleep(2500);
      expect(await client.pings(vpn.internet4)).toBe(true);
      const ping = client.namespace.start('ping', ['-n', '-i', '0.1', '-c', '100', '-W', '1', vpn.internet4]);
      let text = '';
      ping.child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      const ended = new Promise((resolve) => ping.child.once('close', resolve));
      await sleep(1500);
      await second.up();
      await ended;
      const received = Number(/(\d+) received/.exec(text)?.[1]);
      expect(received).toBeGreaterThan(70);
      const keys = await vpn.server.run('wg', ['show', vpn.wg.interfaceName, 'peers']);
      expect(keys).toBe(`${second.wg.publicKey}\n`);
      expect(await counts()).toBeGreaterThan(before + received * 84 - 1);
      await client.namespace.run('ip', ['route', 'replace', 'default', 'dev', client.wg.interfaceName]);
      expect(await client.pings(vpn.internet4)).toBe(false);
    }, 60_000);
  },
);
