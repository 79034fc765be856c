import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleAgent } from '@cvault/agent/bundle';

/** The current agent, bundled from source. */
export async function readAgentBundle(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-bundle-'));
  try {
    return await readFile(await bundleAgent({ outfile: join(folder, 'agent.mjs') }), 'utf8');
  } finally {
    await rm(folder, { recursive: true });
  }
}
