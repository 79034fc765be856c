import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from './agent.ts';
import { connectInProcess } from './in-process.ts';
import { describeBackendContract } from './testing/backend-contract.ts';
import { connectControlPlane } from './testing/control-plane.ts';
import { randomPublicKey } from './testing/keys.ts';
import { createNetworkLab, whyNoNetworkLab, type Namespace, type NetworkLab } from './testing/network-lab.ts';
import { createNoTraffic } from './traffic.ts';
import { createWgBackend } from './wg-backend.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();
const ADDRESSES = ['10.8.0.1/24', 'fd00:8::1/64'];

describe.skipIf(missing !== undefined)(
  `on a real interface${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let lab: NetworkLab;
    let namespace: Namespace;

    beforeAll(async () => {
      lab = await createNetworkLab();
      namespace = await lab.namespace('server');
    });

    afterAll(async () => {
      await lab.destroy();
    });

    describeBackendContract('wg', async () => {
      const interfaceName = lab.interfaceName();
      let current: Awaited<ReturnType<NetworkLab['wireGuard']>> | undefined;
      const make = async () => {
        current = await lab.wireGuard(namespace, { interfaceName, addresses: ADDRESSES });
      };
      const vanish = async () => {
        await current?.remove();
        current = undefined;
      };
      await make();
      return {
        backend: await createWgBackend(interfaceName, namespace.run),
        async presharedKeys() {
          const lines = (await namespace.run('wg', ['show', interfaceName, 'preshared-keys']))
            .trim()
            .split('\n');
          const pairs = lines.map((line) => line.split('\t')).filter(([, key]) => key !== '(none)');
          return Object.fromEntries(pairs) as Record<string, string>;
        },
        async byHand({ up, mtu, listenPort, name, removedAddress }) {
          const link = (...args: string[]) =>
            namespace.run('ip', ['link', 'set', 'dev', interfaceName, ...args]);
          if (mtu !== undefined) await link('mtu', String(mtu));
          if (removedAddress !== undefined) {
            await namespace.run('ip', ['address', 'delete', removedAddress, 'dev', interfaceName]);
          }
          if (listenPort !== undefined) {
            await namespace.run('wg', ['set', interfaceName, 'listen-port', String(listenPort)]);
          }
          if (up === false || name !== undefined) await link('down');
          if (name !== undefined) await link('name', name);
        },
        vanish,
        async recreate() {
          await vanish();
          await make();
        },
        destroy: vanish,
      };
    });

    test('the agent refuses what the interface would have moved without a word', async () => {
      const { interfaceName } = await lab.wireGuard(namespace, { addresses: ADDRESSES });
      const backend = await createWgBackend(interfaceName, namespace.run);
      const agent = await createAgent({ backend, traffic: createNoTraffic() });
      const stream = connectInProcess(agent);
      const plane = await connectControlPlane(stream, stream);
      const set = (addresses: string[], publicKey = randomPublicKey()) =>
        ({ verb: 'set', deviceId: randomUUID(), generation: 1, publicKey, addresses }) as const;
      const holder = set(['10.8.0.2', 'FD00:8:0::2']);
      const results = await plane.apply(
        holder,
        set(['10.8.0.3', 'fd00:8::2']),
        set(['10.8.0.3'], holder.publicKey),
        set(['10.8.0.3'], plane.hello.publicKey),
        set(['10.8.0.4']),
      );
      expect(results.map((result) => result.outcome)).toEqual([
        'applied',
        'conflict',
        'conflict',
        'invalid',
        'applied',
      ]);
      const listed = await plane.list();
      expect(listed.map((peer) => peer.allowedIps.join())).toEqual(
        expect.arrayContaining(['10.8.0.2/32,fd00:8::2/128', '10.8.0.4/32']),
      );
      expect(listed).toHaveLength(2);
      await agent.close();
    });

    test('the agent takes no network that another interface has or leads to', async () => {
      const host = await lab.namespace('host');
      const lan = await lab.namespace('lan');
      await lab.connect(
        { namespace: host, device: 'lan0', addresses: ['10.9.3.7/24', 'fd00:9::7/64'] },
        { namespace: lan, device: 'lan0', addresses: ['10.9.3.1/24'] },
      );
      await host.run('ip', ['route', 'add', '10.77.0.0/16', 'via', '10.9.3.1']);
      await host.run('ip', ['route', 'add', 'default', 'via', '172.20.0.1', 'dev', 'lan0', 'onlink']);
      const { interfaceName } = await lab.wireGuard(host, { addresses: ADDRESSES });
      const backend = await createWgBackend(interfaceName, host.run);
      const agent = await createAgent({ backend, traffic: createNoTraffic() });
      const stream = connectInProcess(agent);
      const plane = await connectControlPlane(stream, stream);
      const before = await host.run('ip', ['route', 'show', 'table', 'all']);
      for (const address of ['10.9.0.1/16', '10.9.3.129/25', 'fd00:9::1/64', '172.20.0.9/24', '0.0.0.0/0']) {
        await expect(plane.configure(address)).rejects.toThrow('bad_request');
      }
      expect(await host.run('ip', ['route', 'show', 'table', 'all'])).toBe(before);
      await plane.configure(...ADDRESSES, '10.10.0.1/24');
      await agent.close();
    });

    test('the agent never holds an endpoint, a preshared key or the private key', async () => {
      const { interfaceName, privateKey } = await lab.wireGuard(namespace, { addresses: ADDRESSES });
      const publicKey = randomPublicKey();
      await namespace.run('wg', ['set', interfaceName, 'peer', publicKey, 'endpoint', '203.0.113.77:4711']);
      const read: string[] = [];
      const backend = await createWgBackend(interfaceName, async (tool, args, input) => {
        const output = await namespace.run(tool, args, input);
        read.push(output);
        return output;
      });
      await backend.describe();
      await backend.peers();
      expect(read.join()).toContain(publicKey);
      expect(read.join()).not.toContain('203.0.113.77');
      expect(read.join()).not.toContain(privateKey);
    });
  },
);
