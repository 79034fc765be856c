import { expect } from 'vitest';
import { aServer } from './fixtures.ts';
import { startReceiver } from './receiver.ts';
import { test as base } from './test-with-database.ts';
import { createWholeApi } from './whole-api.ts';

/** Gives a test the control plane as production wires it, with VPN servers that take devices. */
export const test = base
  .extend('environment', { scope: 'file' }, {} as Readonly<Record<string, string>>)
  .extend('servers', { scope: 'file' }, async ({ database }) => [await aServer(database)])
  .extend('api', { scope: 'file' }, async ({ database, environment, servers }, { onCleanup }) => {
    const api = await createWholeApi(database, environment);
    onCleanup(() => api.close());
    await api.cvault.fleet.untilSettled();
    for (const { id } of servers) expect(api.cvault.fleet.stateOf(id)?.state).toBe('ready');
    return api;
  })
  /** Takes webhooks, where `environment` allows 127.0.0.1. */
  .extend('receiver', { scope: 'file' }, async ({}, { onCleanup }) => {
    const receiver = await startReceiver();
    onCleanup(() => receiver.close());
    return receiver;
  });
