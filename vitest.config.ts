import { defineConfig } from 'vitest/config';

/** Workspace packages are read from source in tests, so no test can pass on a stale build. */
const resolve = { conditions: ['cvault-source'] };
const ssr = { resolve: { conditions: ['cvault-source'] } };

export default defineConfig({
  test: {
    reporters: ['default'],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', '**/node_modules/**'],
        },
      },
    ],
  },
});
