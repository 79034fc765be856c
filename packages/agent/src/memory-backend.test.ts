import { createMemoryBackend } from './memory-backend.ts';
import { describeBackendContract } from './testing/backend-contract.ts';

describeBackendContract('memory', () => {
  const backend = createMemoryBackend({ addresses: ['10.8.0.1/24', 'fd00:8::1/64'] });
  return Promise.resolve({
    backend,
    async presharedKeys() {
      const keys = (await backend.peers()).map(({ publicKey }) => publicKey);
      const pairs = keys.map((publicKey) => [publicKey, backend.presharedKey(publicKey)]);
      return Object.fromEntries(pairs.filter(([, presharedKey]) => presharedKey !== undefined)) as Record<
        string,
        string
      >;
    },
    byHand(settings) {
      backend.settingsByHand(settings);
      return Promise.resolve();
    },
    vanish() {
      backend.vanish();
      return Promise.resolve();
    },
    recreate() {
      backend.recreate();
      return Promise.resolve();
    },
    destroy: () => Promise.resolve(),
  });
});
