/**
 * `npm run bench`: how long a change waits for readings on the same channel. An agent with 50,000 peers
 * continuously answers lists, digests and statistics while devices are set one after the other.
 */
import { randomUUID } from 'node:crypto';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { Duplex } from 'node:stream';
import type { SetOp } from '@cvault/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomPublicKey, type RunningProcess } from '../packages/agent/src/testing/index.ts';
import { AgentClient } from '../packages/api/src/fleet/agent-client.ts';
import { type Agents, createAgents } from './agents.ts';
import { table } from './measure.ts';

const DEVICES = 50_000;
/** Readings and no readings alternate, so that a machine that becomes busy affects all kinds equally. */
const ROUNDS = 5;
const APPLIES = 400;

let agents: Agents;
let machine = '';
const rows: string[][] = [];

beforeAll(async () => {
  agents = await createAgents();
});

afterAll(async () => {
  const sets = `${ROUNDS} rounds of ${APPLIES} sets of one device`;
  process.stdout.write(`\n${sets}, on a channel with ${DEVICES} peers; ${machine}\n`);
  const header = ['backend', 'meanwhile', 'readings', 'p50', 'p99', 'longest', 'p99 to alone'];
  process.stdout.write(`${table(header, rows)}\n`);
  await agents.destroy();
});

let last = 256;
function nextOp(): SetOp {
  const n = last++;
  const [high, low] = [n >> 8, n & 255];
  return {
    verb: 'set',
    deviceId: randomUUID(),
    generation: 1,
    publicKey: randomPublicKey(),
    addresses: [`10.8.${high}.${low}`, `fd00:8::${high.toString(16)}:${low.toString(16)}`],
  };
}

async function compare(backend: string, { child }: RunningProcess): Promise<void> {
  if (child.stdin === null || child.stdout === null) throw new Error('no standard input or output');
  const client = await AgentClient.open(Duplex.from({ readable: child.stdout, writable: child.stdin }));
  for (let set = 0; set < DEVICES; set += 100) await client.apply(Array.from({ length: 100 }, nextOp));
  const applies = async (times: number[]) => {
    for (let n = 0; n < APPLIES; n++) {
      const op = nextOp();
      const start = performance.now();
      const results = await client.apply([op]);
      times.push(performance.now() - start);
      expect(results).toEqual([{ outcome: 'applied' }]);
    }
  };
  const readings: Record<string, (() => Promise<unknown>) | undefined> = {
    nothing: undefined,
    list: () => client.list(),
    stats: () => client.stats(undefined),
    digest: () => client.digest(),
  };
  const times = new Map(Object.keys(readings).map((meanwhile) => [meanwhile, [] as number[]]));
  const readingsDone = new Map<string, number>();
  const load = loadavg()[0]!;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [meanwhile, read] of Object.entries(readings)) {
      let done = false;
      let count = 0;
      const reading = (async () => {
        for (; read !== undefined && !done; count++) await read();
      })();
      await applies(times.get(meanwhile)!);
      done = true;
      await reading;
      readingsDone.set(meanwhile, (readingsDone.get(meanwhile) ?? 0) + count);
    }
  }
  machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, load ${load.toFixed(1)} to ${loadavg()[0]!.toFixed(1)}`;
  const at = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)]!;
  const alone = at(
    times.get('nothing')!.sort((one, other) => one - other),
    0.99,
  );
  for (const [meanwhile, unsorted] of times) {
    const sorted = unsorted.sort((one, other) => one - other);
    const [p50, p99, most] = [at(sorted, 0.5), at(sorted, 0.99), sorted.at(-1)!];
    const figures = [p50, p99, most].map((ms) => `${ms.toFixed(1)} ms`);
    rows.push([
      ...[backend, meanwhile, String(readingsDone.get(meanwhile)), ...figures],
      `${(p99 / alone).toFixed(1)} ×`,
    ]);
  }
  client.close();
}

test('on the memory backend', async () => {
  last = 256;
  const running = agents.onMemory();
  await compare('memory', running);
  await running.stop();
}, 600_000);

test('on a real interface', async () => {
  last = 256;
  const agent = await agents.onInterface();
  await compare('wg', agent);
  await agent.stop();
}, 600_000);
