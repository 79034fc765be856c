/**
 * `npm run bench`: what a change waits for readings on the same channel. An agent with 50,000 peers is asked for lists, digests
 * and statistics without a pause, and for one device after the other.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { SetOp } from '@cvault/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleAgent } from '../packages/agent/bundle.mjs';
import {
  createNetworkLab,
  type Namespace,
  type NetworkLab,
  randomPublicKey,
  type RunningProcess,
} from '../packages/agent/src/testing/index.ts';
import { AgentClient } from '../packages/api/src/links/agent-client.ts';
import { measure, type Measured, table } from './measure.ts';

const DEVICES = 50_000;
const APPLIES = 300;

const MEMORY_AGENT = `
import { connectInProcess, createAgent, createMemoryBackend, createNoTraffic } from '@cvault/agent';
const backend = createMemoryBackend({ addresses: ['10.8.0.1/16', 'fd00:8::1/64'] });
const stream = connectInProcess(await createAgent({ backend, traffic: createNoTraffic() }));
process.stdin.pipe(stream).pipe(process.stdout);
`;

let lab: NetworkLab;
let namespace: Namespace;
let folder: string;
const rows: string[][] = [];

beforeAll(async () => {
  lab = await createNetworkLab();
  namespace = await lab.namespace('server');
  folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
});

afterAll(async () => {
  process.stdout.write(`\none device set, on a channel with ${DEVICES} peers\n`);
  process.stdout.write(`${table(['backend', 'meanwhile', 'p50', 'p99', 'p99 to alone'], rows)}\n`);
  await lab.destroy();
  await rm(folder, { recursive: true });
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
  const applies = () =>
    measure(APPLIES, 1, async () => expect(await client.apply([nextOp()])).toEqual([{ outcome: 'applied' }]));
  const during = async (read: () => Promise<unknown>): Promise<Measured> => {
    let done = false;
    const reading = (async () => {
      while (!done) await read();
    })();
    const measured = await applies();
    done = true;
    await reading;
    return measured;
  };
  const alone = await applies();
  const readings: [string, Measured][] = [
    ['nothing', alone],
    ['list', await during(() => client.list())],
    ['stats', await during(() => client.stats(undefined))],
    ['digest', await during(() => client.digest())],
  ];
  for (const [meanwhile, { p50, p99 }] of readings) {
    rows.push([
      backend,
      meanwhile,
      `${p50.toFixed(1)} ms`,
      `${p99.toFixed(1)} ms`,
      `${(p99 / alone.p99).toFixed(1)} ×`,
    ]);
  }
  client.close();
}

test('on the memory backend', async () => {
  last = 256;
  const running = namespace.start(process.execPath, ['--input-type=module', '-e', MEMORY_AGENT]);
  await compare('memory', running);
  await running.stop();
}, 600_000);

test('on a real interface', async () => {
  last = 256;
  const wg = await lab.wireGuard(namespace, { addresses: ['10.8.0.1/16', 'fd00:8::1/64'] });
  const bundle = await bundleAgent({ outfile: join(folder, 'agent.mjs') });
  const agent = namespace.start(process.execPath, [bundle, 'stdio', '--interface', wg.interfaceName]);
  await compare('wg', agent);
  await agent.stop();
}, 600_000);
