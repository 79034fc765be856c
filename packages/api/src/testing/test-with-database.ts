import { test as base } from 'vitest';
import { createTestDatabase } from './database.ts';

/** Gives a test a migrated database of its file's own. Each fixture of a file is made when a test first asks for it. */
export const test = base
  // At most so many at once, of each role.
  .extend('connections', { scope: 'file' }, 20)
  .extend('database', { scope: 'file' }, async ({ connections }, { onCleanup }) => {
    const database = await createTestDatabase(connections);
    onCleanup(() => database.close());
    return database;
  });
