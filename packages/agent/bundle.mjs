// Makes dist/agent.mjs: the whole agent in one file that needs only node.
import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = new URL('./', import.meta.url);

/**
 * @param {{ outfile?: string }} [options]
 * @returns {Promise<string>} the path of the file that was written
 */
export async function bundleAgent({ outfile = fileURLToPath(new URL('dist/agent.mjs', here)) } = {}) {
  const { version } = JSON.parse(await readFile(new URL('package.json', here), 'utf8'));
  await build({
    entryPoints: [fileURLToPath(new URL('src/main.ts', here))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    // Workspace packages come from source, so no bundle holds a stale build.
    conditions: ['cvault-source'],
    define: { CVAULT_AGENT_VERSION: JSON.stringify(version) },
    banner: { js: '#!/usr/bin/env node' },
    logLevel: 'warning',
  });
  await chmod(outfile, 0o755);
  return outfile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await bundleAgent());
