import { EventEmitter, once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { bareApp, fakeAuthenticator } from '../../testing/bare-app.ts';
import { createAdmission } from './admission.ts';

describe('places', () => {
  test('are limited in number, and each is released once', () => {
    const gate = createAdmission(3);
    const places = [gate.enter(null), gate.enter(null), gate.enter(null)];
    expect(() => gate.enter(null)).toThrow(
      expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 1 }),
    );
    for (const place of [...places, ...places]) gate.leave(place);
    expect(gate.inWork).toBe(0);
  });

  test('each of n tenants gets 1/(n+1), which leaves a share for the next', () => {
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
    // While a holds more than its new share, the last place is kept for a tenant without one.
    expect(take('a')).toBe(false);
    expect(take('c')).toBe(true);
    expect(gate.inWork).toBe(11);
  });
});

describe('look-ups', () => {
  test('are refused behind a queue of 500 ms, except in a burst', async () => {
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
    // The queue has been long for less than five seconds: a burst.
    clock += 501;
    await goesOn();
    clock += 5_000;
    await goesOn();
    clock += 1;
    await isRefused();
    // The look-up is answered. Its request may now take as long as it likes.
    await oldest();
    await goesOn();
    // The overload continues, so the next long queue does not count as a burst.
    const next = unanswered();
    clock += 501;
    await isRefused();
    await next();
    // After five calm seconds, it counts as a burst again.
    clock += 5_000;
    const later = unanswered();
    clock += 501;
    await goesOn();
    await later();
  });

  test('count as answered when they fail', async () => {
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
    // Their handlers are still running, so the places stay taken.
    expect((await app.inject({ url: '/slow', headers: { 'x-api-key': 'key' } })).statusCode).toBe(503);
    finish();
    await expect
      .poll(async () => (await app.inject({ url: '/slow', headers: { 'x-api-key': 'key' } })).statusCode)
      .toBe(200);
    await app.close();
  });
});
