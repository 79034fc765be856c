import { createMemoryMeter } from './memory-meter.ts';
import { describeMeterContract } from './testing/meter-contract.ts';

describeMeterContract('memory', () => {
  const meter = createMemoryMeter();
  return Promise.resolve({
    meter,
    count(address, more) {
      meter.count(address, more);
      return Promise.resolve();
    },
    restart: () => Promise.resolve(meter),
    destroy: () => Promise.resolve(),
  });
});
