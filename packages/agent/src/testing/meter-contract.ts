import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Counts, Meter } from '../meter.ts';

export interface MeterUnderTest {
  readonly meter: Meter;
  /** Lets this many more bytes pass for an address. */
  count(address: string, more: Counts): Promise<void>;
  /** The meter as a restarted agent on the same machine sees it. */
  restart(): Promise<Meter>;
  destroy(): Promise<void>;
}

/** The behaviour that the agent expects of every meter. */
export function describeMeterContract(name: string, create: () => Promise<MeterUnderTest>): void {
  describe(`the ${name} meter`, () => {
    let subject: MeterUnderTest;
    let meter: Meter;
    const [one, other] = [randomUUID(), randomUUID()];

    beforeEach(async () => {
      subject = await create();
      ({ meter } = subject);
    });

    afterEach(async () => {
      await subject.destroy();
    });

    const counts = async () => Object.fromEntries(await meter.read());

    test('begins with a life and without counts', async () => {
      const { life, retained, left } = await meter.open();
      expect(life).toMatch(/^[0-9a-f]{32}$/);
      expect([retained.size, left.size, await counts()]).toEqual([0, 0, {}]);
    });

    test('counts by address and direction, v4 and v6', async () => {
      await subject.count('10.8.0.2', { received: 100, sent: 2000 });
      await subject.count('fd00:8::2', { received: 7, sent: 9 });
      await subject.count('10.8.0.2', { received: 1, sent: 1 });
      expect(await counts()).toEqual({
        '10.8.0.2': { received: 101, sent: 2001 },
        'fd00:8::2': { received: 7, sent: 9 },
      });
    });

    test('keeps its life and all that it knows when the agent starts anew', async () => {
      const { life } = await meter.open();
      await subject.count('10.8.0.2', { received: 100, sent: 2000 });
      const left = new Map([
        ['10.8.0.3', one],
        ['fd00:8::3', other],
        ['10.8.0.4', null],
      ]);
      await meter.leave(left);
      await meter.settle({
        left: new Set(),
        counted: new Set(),
        retained: new Map([[one, { received: 5, sent: 2 ** 40 }]]),
      });
      meter = await subject.restart();
      expect(await meter.open()).toEqual({
        life,
        left,
        retained: new Map([[one, { received: 5, sent: 2 ** 40 }]]),
      });
      expect(await counts()).toEqual({ '10.8.0.2': { received: 100, sent: 2000 } });
    });

    test('settles: what was left begins at 0, and its counts are retained, in place of what was', async () => {
      await subject.count('10.8.0.2', { received: 1, sent: 2 });
      await subject.count('fd00:8::2', { received: 3, sent: 4 });
      await subject.count('10.8.0.3', { received: 5, sent: 6 });
      await meter.leave(
        new Map([
          ['10.8.0.2', one],
          ['10.8.0.9', other],
        ]),
      );
      await meter.leave(new Map([['10.8.0.2', one]]));
      const retained = new Map([
        [one, { received: 1, sent: 2 }],
        [other, { received: 0, sent: 0 }],
      ]);
      await meter.settle({
        left: new Set(['10.8.0.2', '10.8.0.9']),
        counted: new Set(['10.8.0.2']),
        retained,
      });
      expect(await counts()).toEqual({
        'fd00:8::2': { received: 3, sent: 4 },
        '10.8.0.3': { received: 5, sent: 6 },
      });
      expect(await meter.open()).toMatchObject({ retained, left: new Map() });
      await subject.count('10.8.0.2', { received: 10, sent: 20 });
      expect((await counts())['10.8.0.2']).toEqual({ received: 10, sent: 20 });
      const more = new Map([[one, { received: 11, sent: 22 }]]);
      await meter.settle({ left: new Set(), counted: new Set(['10.8.0.2']), retained: more });
      expect((await meter.open()).retained.get(one)).toEqual({ received: 11, sent: 22 });
    });
  });
}
