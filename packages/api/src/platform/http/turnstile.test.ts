import { expect, test } from 'vitest';
import { createTurnstile, type Turn } from './turnstile.ts';

const LIMITS = { inside: 10, perSecond: 10, burst: 3, waiting: 100 };
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A turnstile whose clock moves only when told to. */
function aTurnstile() {
  let time = 1_000_000;
  let sleepers: { until: number; wake: () => void }[] = [];
  const turnstile = createTurnstile(LIMITS, {
    now: () => time,
    sleep: (ms) => new Promise((wake) => sleepers.push({ until: time + ms, wake })),
  });
  const turns: Turn[] = [];
  return {
    turns,
    async arrive(count: number): Promise<void> {
      for (let n = 0; n < count; n++) {
        void turnstile.enter(`client ${n}`, () => false).then((turn) => turns.push(turn));
      }
      await settle();
    },
    async pass(ms: number): Promise<void> {
      time += ms;
      for (const { until, wake } of sleepers) if (until <= time) wake();
      sleepers = sleepers.filter(({ until }) => until > time);
      await settle();
    },
  };
}

test('admits a burst at once, then keeps the pace', async () => {
  const { turns, arrive, pass } = aTurnstile();
  await arrive(8);
  expect(turns).toHaveLength(3);
  await pass(100);
  expect(turns).toHaveLength(4);
  await pass(300);
  expect(turns).toHaveLength(7);
});

test('a refunded turn does not count', async () => {
  const { turns, arrive } = aTurnstile();
  await arrive(3);
  turns[0]?.refund();
  turns[0]?.leave();
  await arrive(2);
  expect(turns).toHaveLength(4);
});
