import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleAgent } from '../packages/agent/bundle.mjs';
import { createNetworkLab, type RunningProcess } from '../packages/agent/src/testing/index.ts';

const OWN = ['10.8.0.1/16', 'fd00:8::1/64'];

/** In its own process, like the real one. */
const MEMORY_AGENT = `
import { connectInProcess, createAgent, createMemoryBackend, createNoTraffic } from '@cvault/agent';
const backend = createMemoryBackend({ addresses: ${JSON.stringify(OWN)} });
const stream = connectInProcess(await createAgent({ backend, traffic: createNoTraffic() }));
process.stdin.pipe(stream).pipe(process.stdout);
`;

/** Agents that communicate over standard input and output. */
export interface Agents {
  onMemory(): RunningProcess;
  /** On its own WireGuard interface. */
  onInterface(): Promise<RunningProcess>;
  destroy(): Promise<void>;
}

export async function createAgents(): Promise<Agents> {
  const lab = await createNetworkLab();
  const namespace = await lab.namespace('server');
  const folder = await mkdtemp(join(tmpdir(), 'cvault-bench-'));
  return {
    onMemory: () => namespace.start(process.execPath, ['--input-type=module', '-e', MEMORY_AGENT]),
    async onInterface() {
      const { interfaceName } = await lab.wireGuard(namespace, { addresses: OWN });
      const bundle = await bundleAgent({ outfile: join(folder, 'agent.mjs') });
      return namespace.start(process.execPath, [bundle, 'stdio', '--interface', interfaceName]);
    },
    async destroy() {
      await lab.destroy();
      await rm(folder, { recursive: true });
    },
  };
}
