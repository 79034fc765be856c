import { readFileSync } from 'node:fs';

/** Valid from src/fleet/install and from dist/fleet/install alike, as both have the same depth. */
const FOLDER = new URL('../../../../../deploy/vpn-server/', import.meta.url);

/** A file of deploy/vpn-server, which holds the shell and unit text. */
export function readVpnServerFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** The files that `install.sh` installs beside the agent, by the names that it uses. */
export const INSTALLED_FILES = [
  'interface',
  'supervise',
  'remove',
  'sysctl.conf',
  'cvault-interface-kernel.service',
  'cvault-interface-userspace.service',
  'cvault-agent@.service',
] as const;
