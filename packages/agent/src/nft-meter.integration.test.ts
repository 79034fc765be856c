import { afterAll, beforeAll, describe } from 'vitest';
import { createLinuxTraffic } from './linux-traffic.ts';
import { describeMeterContract } from './testing/meter-contract.ts';
import { createNetworkLab, whyNoNetworkLab, type Namespace, type NetworkLab } from './testing/network-lab.ts';

const missing = process.env['CI'] === 'true' ? undefined : await whyNoNetworkLab();
const OWN = ['10.8.0.1/24', 'fd00:8::1/64'];

describe.skipIf(missing !== undefined)(`in the kernel${missing === undefined ? '' : ` (${missing})`}`, () => {
  let lab: NetworkLab;
  let namespace: Namespace;

  beforeAll(async () => {
    lab = await createNetworkLab();
    namespace = await lab.namespace('server');
  });

  afterAll(async () => {
    await lab.destroy();
  });

  describeMeterContract('nftables', async () => {
    const start = async () => {
      const traffic = createLinuxTraffic('wgx', namespace.run);
      await traffic.install(OWN);
      return traffic.meter;
    };
    const meter = await start();
    return {
      meter,
      // Packets have the same effect, as traffic.integration.test.ts shows.
      async count(address, more) {
        const family = address.includes(':') ? 6 : 4;
        const now = (await meter.read()).get(address);
        const lines = (['received', 'sent'] as const).flatMap((direction) => {
          const element = `inet cvault_wgx ${direction}${family} { ${address}`;
          const bytes = (now?.[direction] ?? 0) + more[direction];
          return [
            `add element ${element} }`,
            `delete element ${element} }`,
            `add element ${element} counter packets 1 bytes ${bytes} }`,
          ];
        });
        await namespace.run('nft', ['-f', '-'], lines.join('\n'));
      },
      restart: start,
      destroy: async () => {
        await namespace.run('nft', ['delete', 'table', 'inet', 'cvault_wgx']);
      },
    };
  });
});
