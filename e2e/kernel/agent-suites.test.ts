/**
 * The agent's own suites on a real kernel's WireGuard and nftables: what it counts on in its backend and its meter, and
 * in a full round all else that it does to packets.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInternet, type Internet } from '../harness/internet.ts';
import { agentSuites, bundleAgentSuites } from './agent-suites/bundle.ts';
import type { TestOutcome } from './agent-suites/run.ts';
import { imageFolder, isFull, say, timed } from './round.ts';
import { startVirtualMachine, type VirtualMachine } from './virtual-machine.ts';

const CONTRACTS = ['wg-backend', 'nft-meter'];
const FOLDER = '/opt/agent-suites';
/** A bound for what hangs: on a machine that is busy with twenty other things a suite took 8 minutes. */
const SUITE_MS = 3_600_000;

let internet: Internet;
let machine: VirtualMachine;

beforeAll(async () => {
  internet = await createInternet();
  const network = await internet.addVpnServer('vpn');
  machine = await timed('boot', () => startVirtualMachine({ network, image: imageFolder() }));
  await timed('apt-get install of what the suites call', () =>
    machine.must([
      ...['sh', '-c', 'apt-get -qq update && apt-get -qq -y install --no-install-recommends "$@"', 'sh'],
      ...['wireguard-tools', 'nftables', 'conntrack', 'nodejs', 'iperf3'],
    ]),
  );
  const folder = await mkdtemp(join(tmpdir(), 'agent-suites-'));
  try {
    await bundleAgentSuites(folder);
    await machine.must(['mkdir', FOLDER]);
    await machine.copy(folder, FOLDER);
  } finally {
    await rm(folder, { recursive: true });
  }
});

afterAll(async () => {
  await machine?.stop();
  await internet?.destroy();
});

test.each(isFull ? await agentSuites() : CONTRACTS)('the agent’s suite %s passes', async (suite) => {
  // Nothing of it may be skipped.
  const command = ['env', 'CI=true', 'node', `${FOLDER}/run.mjs`, suite];
  const { status, stdout, stderr } = await timed(suite, () => machine.run(command, { timeoutMs: SUITE_MS }));
  expect(status, stdout + stderr).toBe(0);
  const outcomes = JSON.parse(await machine.must(['cat', `${FOLDER}/results.json`])) as TestOutcome[];
  expect(outcomes).not.toEqual([]);
  const others = outcomes.filter(({ state }) => state !== 'pass');
  expect(others.map(({ name, state, why }) => `${state}: ${name}: ${why}`)).toEqual([]);
  say(`${suite}: ${outcomes.length} tests passed`);
});
