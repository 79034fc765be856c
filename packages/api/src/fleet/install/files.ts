import { readFileSync } from 'node:fs';

/** From src/installation and from dist/installation alike, as both lie at the same depth. */
const FOLDER = new URL('../../../../../deploy/vpn-server/', import.meta.url);

/** One of the files under deploy/vpn-server, where shell and unit text is kept as such. */
export function readVpnServerFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** What `install.sh` puts on the VPN server beside the agent, by the names it asks for. */
export const INSTALLED_FILES = [
  'interface',
  'supervise',
  'remove',
  'sysctl.conf',
  'cvault-interface-kernel.service',
  'cvault-interface-userspace.service',
  'cvault-agent@.service',
] as const;
