import { EventEmitter, once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { bareApp, fakeAuthenticator } from '../../testing/bare-app.ts';
import { createAdmission } from './admission.ts';

describe('places', () => {
  test('are as many as there are, and each is given back once', () => {
    const gate = createAdmission(3);
    const places = [gate.enter(null), gate.enter(null), gate.enter(null)];
    expect(() => gate.enter(null)).toThrow(
      expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 1 }),
    );
    for (const place of [...places, ...places]) gate.leave(place);
    expect(gate.inWork).toBe(0);
  });

  test('of n tenants each has 1/(n+1), so that the next one finds a share', () => {
    const gate = createAdmission(12);
    const take = (tenantId: string) => {
      try {
        gate.enter(tenantId);
        return true;
      } catch {
        return false;
      }
    };
    const takeAll = (tenantId: string) => {
      let taken = 0;
      while (taken < 20 && take(tenantId)) taken++;
      return taken;
    };
    expect(takeAll('a')).toBe(6);
    expect(takeAll('b')).toBe(4);
    // While a has more than its new share, the last place goes to who has none.
    expect(take('a')).toBe(false);
    expect(take('c')).toBe(true);
    expect(gate.inWork).toBe(11);
  });
});

describe('look-ups', () => {
  test('are refused behind a queue of 500 ms, unless it is a burst', async () => {
    let clock = 1_000;
    const gate = createAdmission(100, () => clock);
    const goesOn = () => expect(gate.lookUp(() => Promise.resolve('found'))).resolves.toBe('found');
    const isRefused = () =>
      expect(gate.lookUp(() => Promise.resolve('found'))).rejects.toMatchObject({
        code: 'overloaded',
        retryAfterSeconds: 1,
      });
    const unanswered = () => {
      let answer!: () => void;
      const waits = gate.lookUp(() => new Promise<void>((resolve) => (answer = resolve)));
      return async () => {
        answer();
        await waits;
      };
    };
    const oldest = unanswered();
    // A burst: long for less than five seconds.
    clock += 501;
    await goesOn();
    clock += 5_000;
    await goesOn();
    clock += 1;
    await isRefused();
    // It is answered: its request may work for as long as it likes.
    await oldest();
    await goesOn();
    // Overload goes on: the next long queue is no burst.
    const next = unanswered();
    clock += 501;
    await isRefused();
    await next();
    // Calm for five seconds: the next one is.
    clock += 5_000;
    const later = unanswered();
    clock += 501;
    await goesOn();
    await later();
  });

  test('that fail are over, too', async () => {
    let clock = 1_000;
    const gate = createAdmission(100, () => clock);
    await expect(gate.lookUp(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    clock += 60_000;
    await expect(gate.lookUp(() => Promise.resolve('found'))).resolves.toBe('found');
    clock += 60_000;
    await expect(gate.lookUp(() => Promise.resolve('found'))).resolves.toBe('found');
  });
});

describe('a flood with slow handlers', () => {
  async function slow(requestsAtOnce: number) {
    const door = new EventEmitter();
    const finished = once(door, 'open');
    const finish = () => door.emit('open');
    let inWork = 0;
    const started = await bareApp(
      (routes: FastifyInstance) => {
        const config = { access: 'tenant', scope: 'app', act: null, limit: 'read' } as const;
        routes.get('/slow', { schema: { hide: true }, config }, async () => {
          inWork++;
          await finished;
          return { ok: true };
        });
        const probe = { access: 'public', act: null, limit: 'none' } as const;
        routes.get('/probe', { schema: { hide: true }, config: probe }, () => ({ ok: true }));
      },
      { requestsAtOnce, authenticator: fakeAuthenticator },
    );
    return { ...started, finish, inWork: () => inWork };
  }

  test('is refused beyond the tenant’s share with 503; another tenant gets in, probes do, and afterwards all do', async () => {
    const { app, finish, inWork } = await slow(20);
    const call = (apiKey: string) => app.inject({ url: '/slow', headers: { 'x-api-key': apiKey } });
    const flood = Array.from({ length: 200 }, () => call('key'));
    await expect.poll(inWork).toBe(10);
    const others = Array.from({ length: 5 }, () => call('other'));
    await expect.poll(inWork).toBe(15);
    expect((await app.inject('/probe')).statusCode).toBe(200);
    finish();
    const statuses = (await Promise.all(flood)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 503)).toHaveLength(190);
    for (const answer of await Promise.all(others)) expect(answer.statusCode).toBe(200);
    for (let time = 0; time < 30; time++) expect((await call('key')).statusCode).toBe(200);
    await app.close();
  });

  test('a place is free again when its client is gone, and not before its handler is done', async () => {
    const { app, finish, inWork } = await slow(4);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const leaving = Array.from({ length: 2 }, () => {
      const controller = new AbortController();
      const gone = fetch(`http://127.0.0.1:${port}/slow`, {
        headers: { 'x-api-key': 'key' },
        signal: controller.signal,
      }).catch(() => null);
      return { controller, gone };
    });
    await expect.poll(inWork).toBe(2);
    for (const { controller, gone } of leaving) {
      controller.abort();
      await gone;
    }
    // Their handlers are still at work: the places are theirs.
    expect((await app.inject({ url: '/slow', headers: { 'x-api-key': 'key' } })).statusCode).toBe(503);
    finish();
    await expect
      .poll(async () => (await app.inject({ url: '/slow', headers: { 'x-api-key': 'key' } })).statusCode)
      .toBe(200);
    await app.close();
  });
});
