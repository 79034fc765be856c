import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAgent } from '@cvault/agent/bundle';
import { build, type Plugin } from 'esbuild';

const HERE = fileURLToPath(new URL('./', import.meta.url));
const AGENT = fileURLToPath(new URL('../../../packages/agent', import.meta.url));
const SUFFIX = '.integration.test.ts';

/** The agent's test files that need a real kernel, without their suffix. */
export async function agentSuites(): Promise<string[]> {
  const names = await readdir(join(AGENT, 'src'));
  return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
}

/** A test that bundles the agent gets the bundle built here, because the machine has no esbuild. */
const bundledAgent: Plugin = {
  name: 'bundled-agent',
  setup(builder) {
    builder.onLoad({ filter: /agent\/bundle\.mjs$/ }, () => ({
      contents: `
        import { copyFile } from 'node:fs/promises';
        export async function bundleAgent({ outfile }) {
          await copyFile(new URL('agent.mjs', import.meta.url), outfile);
          return outfile;
        }`,
    }));
  },
};

/** Writes `run.mjs` into a folder: the agent's suites and their runner, for a machine with nothing but node. */
export async function bundleAgentSuites(folder: string): Promise<void> {
  const imports = (await agentSuites()).map(
    (name) => `${JSON.stringify(name)}: () => import(${JSON.stringify(join(AGENT, 'src', name + SUFFIX))}),`,
  );
  await build({
    stdin: {
      contents: `import { runFiles } from './run.ts'; await runFiles({ ${imports.join('\n')} });`,
      resolveDir: HERE,
      sourcefile: 'entry.ts',
    },
    entryNames: 'run',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    // Like the agent itself: Debian 12 has Node.js 18.
    target: 'node18',
    conditions: ['cvault-source'],
    plugins: [bundledAgent],
    logLevel: 'warning',
  });
  await bundleAgent({ outfile: join(folder, 'agent.mjs') });
}
