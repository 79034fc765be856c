/**
 * `npm run bench`: the memory of an agent with 50,000 devices, on a real interface and on the memory backend, and
 * the duration of a control plane's frequent requests.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { SetOp } from '@cvault/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  connectControlPlane,
  randomPublicKey,
  type RunningProcess,
} from '../packages/agent/src/testing/index.ts';
import { type Agents, createAgents } from './agents.ts';
import { table } from './measure.ts';

const DEVICES = 50_000;
const MOST_MIB = 300;

let agents: Agents;
const rows: string[][] = [];

beforeAll(async () => {
  agents = await createAgents();
});

afterAll(async () => {
  process.stdout.write(`\nagent with ${DEVICES} devices, IPv4 and IPv6, each with a preshared key\n`);
  process.stdout.write(
    `${table(['backend', 'memory', 'at most', 'set', 'digest', 'list', 'stats'], rows)}\n`,
  );
  await agents.destroy();
});

function setOp(n: number): SetOp {
  const [high, low] = [n >> 8, n & 255];
  return {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: randomPublicKey(),
    presharedKey: randomPublicKey(),
    addresses: [`10.8.${high}.${low}`, `fd00:8::${high.toString(16)}:${low.toString(16)}`],
  };
}

async function memoryOf({ child }: RunningProcess, line: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

async function measure(backend: string, running: RunningProcess): Promise<void> {
  const { stdin, stdout } = running.child;
  if (stdin === null || stdout === null) throw new Error('no standard input or output');
  const plane = await connectControlPlane(stdout, stdin);
  const timed = async (work: () => Promise<unknown>): Promise<string> => {
    const started = performance.now();
    await work();
    return `${((performance.now() - started) / 1000).toFixed(2)} s`;
  };
  const set = await timed(async () => {
    for (let first = 256; first < DEVICES + 256; first += 128) {
      const count = Math.min(128, DEVICES + 256 - first);
      await plane.apply(...Array.from({ length: count }, (_, index) => setOp(first + index)));
    }
  });
  const digest = await timed(async () => expect(await plane.digest()).toMatchObject({ peers: DEVICES }));
  const list = await timed(async () => expect(await plane.list()).toHaveLength(DEVICES));
  const stats = await timed(async () => expect((await plane.stats()).devices).toHaveLength(DEVICES));
  const [now, most] = [await memoryOf(running, 'VmRSS'), await memoryOf(running, 'VmHWM')];
  rows.push([backend, `${now.toFixed(0)} MiB`, `${most.toFixed(0)} MiB`, set, digest, list, stats]);
  await running.stop();
  expect(most).toBeLessThan(MOST_MIB);
}

test('on the memory backend', async () => {
  await measure('memory', agents.onMemory());
}, 600_000);

test('on a real interface', async () => {
  const agent = await agents.onInterface();
  await measure('wg', agent);
}, 600_000);
