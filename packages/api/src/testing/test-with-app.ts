import { createTestApp, type TestAppOptions } from './app.ts';
import { test as base } from './test-with-database.ts';

/** Gives a test the application with what signs people in, see `createTestApp`. */
export const test = base
  .extend('options', { scope: 'file' }, {} as TestAppOptions)
  .extend('api', { scope: 'file' }, async ({ database, options }, { onCleanup }) => {
    const api = await createTestApp(database, options);
    onCleanup(() => api.close());
    return api;
  });
