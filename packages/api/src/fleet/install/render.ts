import { INSTALLED_FILES, readVpnServerFile } from './files.ts';
import { checkInstallation, checkRemoval, type InstallationInput, type RemovalInput } from './input.ts';
import { assignment, payloadFunction } from './script.ts';

/**
 * One self-contained POSIX shell script that turns a bare Debian machine into a VPN server: `ssh root@… sh -s <
 * script`. It is deploy/vpn-server/install.sh, preceded by values as plain assignments and by the files as base64.
 * Nothing else from outside enters the shell code.
 * @throws {InvalidInstallationInput}
 */
export function renderInstallation(input: InstallationInput): string {
  const checked = checkInstallation(input);
  const files = new Map<string, string>([
    ['agent.mjs', checked.agentBundle],
    ...INSTALLED_FILES.map((name) => [name, readVpnServerFile(name)] as const),
  ]);
  return [
    `#!/bin/sh\n# Makes this Debian machine a CVault VPN server. Run as root: sh -s < this-file\n`,
    assignment('CVAULT_INTERFACE', checked.interfaceName),
    assignment('CVAULT_SERVER_ID', checked.serverId),
    assignment('CVAULT_PUBLIC_KEY', checked.interfacePublicKey ?? ''),
    assignment('CVAULT_REPLACE_KEY', checked.replaceKey ? 'yes' : 'no'),
    assignment('CVAULT_LISTEN_PORT', String(checked.listenPort)),
    assignment('CVAULT_GATEWAY_ADDRESSES', checked.gatewayAddresses.join(' ')),
    assignment('CVAULT_CONTROL_KEY', checked.controlPublicKey),
    assignment('CVAULT_VERSION', checked.version),
    assignment('CVAULT_MTU', String(checked.mtu)),
    payloadFunction(files),
    readVpnServerFile('install.sh'),
  ].join('');
}

/**
 * The script that removes an interface from a VPN server, and with the last interface everything that was
 * installed.
 * @throws {InvalidInstallationInput}
 */
export function renderRemoval(input: RemovalInput): string {
  const checked = checkRemoval(input);
  return [
    `#!/bin/sh\n# Takes a CVault interface off this machine. Run as root: sh -s < this-file\n`,
    assignment('CVAULT_INTERFACE', checked.interfaceName),
    readVpnServerFile('remove'),
  ].join('');
}
