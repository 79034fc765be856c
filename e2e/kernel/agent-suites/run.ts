/**
 * Runs test files with only vitest's runner and assertions: all of vitest takes minutes to start on an emulated
 * machine. Bundled with the files (see bundle.ts): node run.mjs FILE…
 */
import { writeFile } from 'node:fs/promises';
import type { RunnerTask as Task } from 'vitest';
import { startTests } from 'vitest/internal/browser';

export interface TestOutcome {
  readonly name: string;
  readonly state: string;
  /** The errors of a failed test, with their stacks. */
  readonly why: string;
}

/** @param imports importers by file name; writes the outcomes to results.json beside the bundle */
export async function runFiles(imports: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const outcomes: TestOutcome[] = [];
  const keep = (name: string, task: Task) => {
    const { state = 'skip', errors = [] } = task.result ?? {};
    const why = errors.map(({ message, stack }) => `${message}\n${stack ?? ''}`).join('\n');
    outcomes.push({ name, state, why });
    console.log(`${state}: ${name}`);
  };
  const runner: Parameters<typeof startTests>[1] = {
    config: {
      root: '/',
      name: undefined,
      setupFiles: [],
      passWithNoTests: false,
      // A plan's speed cannot be distinguished from an emulated machine's; vpn-server.test.ts checks that limits
      // hold.
      testNamePattern: /^(?!policies speed )/,
      allowOnly: false,
      sequence: { seed: 1, hooks: 'stack', setupFiles: 'list' },
      chaiConfig: undefined,
      maxConcurrency: 1,
      // Limits for hangs.
      testTimeout: 600_000,
      hookTimeout: 600_000,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    },
    importFile: (file) => imports[file.slice(1)]!(),
    onAfterRunTask: (test) => keep(test.fullName, test),
    // A failing hook belongs to a suite, and a file that does not load to no test.
    onAfterRunSuite: (suite) => {
      if ((suite.result?.errors ?? []).length > 0) keep(`${suite.fullName} (the suite)`, suite);
    },
  };
  const files = process.argv.slice(2);
  await startTests(
    files.map((file) => ({ filepath: `/${file}`, testLocations: undefined })),
    runner,
  );
  await writeFile(new URL('results.json', import.meta.url), JSON.stringify(outcomes));
  process.exit();
}
