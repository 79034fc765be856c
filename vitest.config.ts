import { defineConfig } from 'vitest/config';

/** Tests read workspace packages from source, so they cannot pass on a stale build. */
const resolve = { conditions: ['cvault-source'] };
const ssr = { resolve: { conditions: ['cvault-source'] } };
/** globalSetup has its own environment. */
const environments = { __vitest__: { resolve } };

/** Limits for hanging tests, not measurements: a busy machine takes many times as long as an idle one. */
const patience = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 30_000, interval: 20 } },
};

export default defineConfig({
  test: {
    reporters: ['default', './scripts/summary-reporter.mjs'],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', '**/node_modules/**'],
          ...patience,
        },
      },
      {
        resolve,
        ssr,
        environments,
        test: {
          name: 'integration',
          include: ['packages/*/src/**/*.integration.test.ts', 'scripts/**/*.integration.test.ts'],
          globalSetup: ['packages/api/src/testing/postgres-server.ts'],
          ...patience,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude: ['e2e/faults/**', 'e2e/soak/**', 'e2e/kernel/**'],
          globalSetup: ['packages/api/src/testing/postgres-server.ts'],
          // These use namespaces, ports and processes of the whole machine, so files run one at a time.
          fileParallelism: false,
          ...patience,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'faults',
          include: ['e2e/faults/**/*.test.ts'],
          globalSetup: ['packages/api/src/testing/postgres-server.ts'],
          fileParallelism: false,
          ...patience,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'kernel',
          include: ['e2e/kernel/**/*.test.ts'],
          globalSetup: ['packages/api/src/testing/postgres-server.ts'],
          // Each file has its own machine, and machines mostly do one thing at a time.
          maxWorkers: 2,
          // Limits for hanging tests: on a busy machine, an emulated one needs minutes for what a real one does in
          // seconds.
          testTimeout: 3_600_000,
          hookTimeout: 3_600_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'soak',
          include: ['e2e/soak/**/*.soak.ts'],
          globalSetup: ['packages/api/src/testing/postgres-server.ts'],
          hookTimeout: 300_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'fuzz',
          include: ['e2e/fuzz/**/*.fuzz.ts'],
          globalSetup: ['packages/api/src/testing/postgres-server.ts'],
          hookTimeout: 180_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'bench',
          include: ['bench/**/*.bench.ts'],
          fileParallelism: false,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
