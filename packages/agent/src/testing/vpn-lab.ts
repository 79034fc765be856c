import { randomUUID } from 'node:crypto';
import type { SetOp } from '@cvault/protocol';
import { createNetworkLab, type Namespace, type WireGuardInterface } from './network-lab.ts';

const PUBLIC = '203.0.113.1';

/** A machine with one tunnel to the VPN server that carries all its traffic. */
export interface VpnClient {
  readonly namespace: Namespace;
  readonly wg: WireGuardInterface;
  readonly address4: string;
  readonly address6: string;
  readonly deviceId: string;
  /** The op that adds its device. */
  setOp(generation: number, change?: Partial<SetOp>): SetOp;
  /** Waits for a handshake: a client whose peer was recreated takes up to 15 s to start another one. */
  untilConnected(): Promise<void>;
  /** True if at least one of some pings is answered. */
  pings(to: string, ...options: string[]): Promise<boolean>;
}

/** A VPN server, the internet, and clients that connect from there. */
export interface VpnLab {
  readonly server: Namespace;
  readonly internet: Namespace;
  readonly wg: WireGuardInterface;
  /** The addresses on which the internet's services listen. */
  readonly internet4: string;
  readonly internet6: string;
  /** The VPN server's tunnel addresses, with the length of their networks. */
  readonly own: readonly string[];
  /** @param host last part of its addresses, from 2 to 30, each once */
  client(host: number): Promise<VpnClient>;
  /** Another tunnel interface on a client's machine, as after a new configuration; down until `up` is called. */
  secondTunnel(client: VpnClient): Promise<{ wg: WireGuardInterface; up(): Promise<void> }>;
  destroy(): Promise<void>;
}

export async function createVpnLab(): Promise<VpnLab> {
  const lab = await createNetworkLab();
  const own = ['10.8.0.1/24', 'fd00:8::1/64'];
  const [server, internet] = [await lab.namespace('server'), await lab.namespace('internet')];
  await lab.connect(
    { namespace: server, device: 'eth0', addresses: [`${PUBLIC}/24`, '2001:db8:1::1/64'] },
    { namespace: internet, device: 'eth0', addresses: ['203.0.113.2/24', '2001:db8:1::2/64'] },
  );
  for (const router of [server, internet]) {
    await router.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  }
  await server.run('ip', ['route', 'add', '198.51.100.0/24', 'via', '203.0.113.2']);
  const wg = await lab.wireGuard(server, { listenPort: 51820, addresses: own });

  async function joinVpnServer(namespace: Namespace, interfaceName: string): Promise<void> {
    await namespace.run('wg', [
      ...['set', interfaceName, 'peer', wg.publicKey, 'endpoint', `${PUBLIC}:51820`],
      ...['allowed-ips', '0.0.0.0/0,::/0'],
    ]);
  }

  async function routeThrough(namespace: Namespace, interfaceName: string): Promise<void> {
    await namespace.run('ip', ['route', 'replace', 'default', 'dev', interfaceName]);
    await namespace.run('ip', ['-6', 'route', 'replace', 'default', 'dev', interfaceName]);
  }

  return {
    server,
    internet,
    wg,
    internet4: '203.0.113.2',
    internet6: '2001:db8:1::2',
    own,
    async client(host) {
      const namespace = await lab.namespace(`client${host}`);
      const [gateway, outer] = [`198.51.100.${host * 8 + 1}`, `198.51.100.${host * 8 + 2}`];
      await lab.connect(
        { namespace: internet, device: `to-${host}`, addresses: [`${gateway}/29`] },
        { namespace, device: 'eth0', addresses: [`${outer}/29`] },
      );
      await namespace.run('ip', ['route', 'add', `${PUBLIC}/32`, 'via', gateway]);
      const [address4, address6, deviceId] = [`10.8.0.${host}`, `fd00:8::${host.toString(16)}`, randomUUID()];
      const own = await lab.wireGuard(namespace, { addresses: [`${address4}/32`, `${address6}/128`] });
      await joinVpnServer(namespace, own.interfaceName);
      await routeThrough(namespace, own.interfaceName);
      const pings = (to: string, ...options: string[]) =>
        namespace.succeeds('ping', ['-n', '-q', '-c', '3', '-i', '0.2', '-W', '1', ...options, to]);
      return {
        namespace,
        wg: own,
        address4,
        address6,
        deviceId,
        setOp: (generation, change = {}) => ({
          verb: 'set',
          deviceId,
          generation,
          publicKey: own.publicKey,
          addresses: [address4, address6],
          ...change,
        }),
        async untilConnected() {
          for (let tries = 0; tries < 20; tries++) {
            if ((await pings('203.0.113.2')) && (await pings('2001:db8:1::2'))) return;
          }
          throw new Error('the client does not get through');
        },
        pings,
      };
    },
    async secondTunnel({ namespace, address4, address6 }) {
      const wgNew = await lab.wireGuard(namespace, { addresses: [] });
      await joinVpnServer(namespace, wgNew.interfaceName);
      return {
        wg: wgNew,
        async up() {
          for (const address of [`${address4}/32`, `${address6}/128`]) {
            await namespace.run('ip', ['address', 'add', address, 'dev', wgNew.interfaceName]);
          }
          await routeThrough(namespace, wgNew.interfaceName);
        },
      };
    },
    destroy: () => lab.destroy(),
  };
}
