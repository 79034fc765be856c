import { fileURLToPath } from 'node:url';
import { createNetworkLab, type Namespace, type NetworkLab } from '@cvault/agent/testing';
import { connectToRoot } from './root-link.ts';
import { until } from './until.ts';

const ECHO = fileURLToPath(new URL('echo.mjs', import.meta.url));

/**
 * A small internet of documentation addresses. Everything is one hop from the namespace `internet`, which routes
 * between clients, VPN servers and a web page that shows its caller's address.
 */
export interface Internet {
  readonly lab: NetworkLab;
  readonly echoUrl: string;
  readonly echoUrl6: string;
  /** Connects a new VPN server's network: public addresses here, and a management address for the root namespace. */
  addVpnServer(label: string): Promise<VpnServerNetwork>;
  /** Connects a new client's network. */
  addClient(label: string): Promise<ClientNetwork>;
  destroy(): Promise<void>;
}

export interface VpnServerNetwork {
  readonly namespace: Namespace;
  readonly publicAddress: string;
  readonly publicAddress6: string;
  readonly managementAddress: string;
}

export interface ClientNetwork {
  readonly namespace: Namespace;
  readonly address: string;
  readonly address6: string;
}

const ECHO_ADDRESS = '203.0.113.254';
const ECHO_ADDRESS6 = '2001:db8:ec::1';

export async function createInternet(): Promise<Internet> {
  const lab = await createNetworkLab();
  const removals: (() => Promise<void>)[] = [];
  const destroy = async () => {
    for (const remove of removals.splice(0)) await remove();
    await lab.destroy();
  };
  try {
    const internet = await lab.namespace('internet');
    await internet.run('sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
    await internet.run('ip', ['address', 'add', `${ECHO_ADDRESS}/32`, 'dev', 'lo']);
    await internet.run('ip', ['address', 'add', `${ECHO_ADDRESS6}/128`, 'dev', 'lo', 'nodad']);
    const echo = internet.start(process.execPath, [ECHO, `${ECHO_ADDRESS}:80`, `${ECHO_ADDRESS6}:80`]);
    let said = '';
    echo.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('the echo listens', () => Promise.resolve(said.split('listening').length === 3));

    let count = 1;
    /** Attaches a namespace with its own /30 and /64; the internet's end has the first address. */
    const attach = async (label: string, prefix: string, prefix6: string) => {
      const number = count++;
      const namespace = await lab.namespace(label);
      const [near, far] = [`${prefix}.${number * 4 + 1}`, `${prefix}.${number * 4 + 2}`];
      const [near6, far6] = [`${prefix6}:${number}::1`, `${prefix6}:${number}::2`];
      await lab.connect(
        { namespace: internet, device: `to${number}`, addresses: [`${near}/30`, `${near6}/64`] },
        { namespace, device: 'uplink', addresses: [`${far}/30`, `${far6}/64`] },
      );
      await namespace.run('ip', ['route', 'add', 'default', 'via', near]);
      await namespace.run('ip', ['-6', 'route', 'add', 'default', 'via', near6]);
      return { namespace, address: far, address6: far6 };
    };
    return {
      lab,
      echoUrl: `http://${ECHO_ADDRESS}/`,
      echoUrl6: `http://[${ECHO_ADDRESS6}]/`,
      async addVpnServer(label) {
        const { namespace, address, address6 } = await attach(label, '203.0.113', '2001:db8:5e');
        // A new namespace inherits the machine's forwarding settings.
        await namespace.run('sysctl', [
          '-q',
          '-w',
          'net.ipv4.ip_forward=0',
          'net.ipv6.conf.all.forwarding=0',
        ]);
        const link = await connectToRoot(namespace);
        removals.push(() => link.remove());
        return {
          namespace,
          publicAddress: address,
          publicAddress6: address6,
          managementAddress: link.address,
        };
      },
      addClient: (label) => attach(label, '198.51.100', '2001:db8:c1'),
      destroy,
    };
  } catch (error) {
    await destroy();
    throw error;
  }
}
