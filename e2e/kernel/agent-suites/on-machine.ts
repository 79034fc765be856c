import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { say, timed } from '../round.ts';
import type { VirtualMachine } from '../virtual-machine.ts';
import { bundleAgentSuites } from './bundle.ts';
import type { TestOutcome } from './run.ts';

/** The contracts of the agent's backend and meter. */
export const CONTRACTS = ['wg-backend', 'nft-meter'];

const FOLDER = '/opt/agent-suites';
/** A limit for hangs: on a machine with twenty other busy processes, a suite took 8 minutes. */
const SUITE_MS = 3_600_000;

/** Copies the agent's suites to a machine. */
export async function copyAgentSuites(machine: VirtualMachine): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-suites-'));
  try {
    await bundleAgentSuites(folder);
    await machine.must(['mkdir', FOLDER]);
    await machine.copy(folder, FOLDER);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs one suite there; all of its tests must pass. */
export async function expectAgentSuitePasses(machine: VirtualMachine, suite: string): Promise<void> {
  // No test may be skipped.
  const command = ['env', 'CI=true', 'node', `${FOLDER}/run.mjs`, suite];
  const { status, stdout, stderr } = await timed(suite, () => machine.run(command, { timeoutMs: SUITE_MS }));
  expect(status, stdout + stderr).toBe(0);
  const outcomes = JSON.parse(await machine.must(['cat', `${FOLDER}/results.json`])) as TestOutcome[];
  expect(outcomes).not.toEqual([]);
  const others = outcomes.filter(({ state }) => state !== 'pass');
  expect(others.map(({ name, state, why }) => `${state}: ${name}: ${why}`)).toEqual([]);
  say(`${suite}: ${outcomes.length} tests passed`);
}
