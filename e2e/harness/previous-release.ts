import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assignment, payloadFunction } from '../../packages/api/src/fleet/install/script.ts';
import { mustRun } from './program.ts';

export const PREVIOUS_VERSION = '0.1.0';
const ARCHIVE = fileURLToPath(new URL('../fixtures/vpn-server-0.1.0.tar.gz', import.meta.url));

/**
 * The script with which the previous release would have installed this VPN server: its own code and files, with the
 * values of the present installation.
 * @param installation rendered by the present control plane
 */
export async function previousInstallation(installation: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'previous-release-'));
  try {
    await mustRun(['tar', '-xzf', ARCHIVE, '-C', folder]);
    const files = new Map<string, string>();
    for (const name of await readdir(folder)) {
      files.set(name, await readFile(join(folder, name), 'utf8'));
    }
    const code = files.get('install.sh') ?? '';
    files.delete('install.sh');
    const values = ['INTERFACE', 'LISTEN_PORT', 'GATEWAY_ADDRESSES', 'CONTROL_KEY', 'MTU'].map((name) => {
      const [, value] = new RegExp(`^CVAULT_${name}='(.*)'$`, 'm').exec(installation) ?? [];
      if (value === undefined) throw new Error(`the installation has no CVAULT_${name}`);
      return assignment(`CVAULT_${name}`, value);
    });
    return [...values, assignment('CVAULT_VERSION', PREVIOUS_VERSION), payloadFunction(files), code].join('');
  } finally {
    await rm(folder, { recursive: true });
  }
}
