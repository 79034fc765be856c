import type { components } from '@cvault/sdk';
import { runScript, type SshTarget } from './ssh.ts';

type Server = components['schemas']['Server'];

/** The result of inspecting a machine before anything is changed on it. */
export interface Inspection {
  /** As in known_hosts, without the host name. */
  readonly hostKeys: readonly string[];
  /** Interfaces created by an installation. */
  readonly installed: readonly InstalledInterface[];
  /** Public keys of all active WireGuard interfaces, whoever created them. */
  readonly liveKeys: readonly string[];
}

interface InstalledInterface {
  readonly name: string;
  /** Null before version 0.2.0, which introduced it. */
  readonly serverId: string | null;
  /** Null if the key is lost. */
  readonly publicKey: string | null;
}

/** Read-only. Prints one line per item; only the form of the machine's output is trusted. */
const SCRIPT = `
inspect() {
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  if [ "$(id -u)" != 0 ]; then
    echo 'cvault: this is not root; connect as root, or through sudo' >&2
    exit 1
  fi
  for file in /etc/ssh/ssh_host_*_key.pub; do
    [ ! -r "$file" ] || { read -r kind key _ <"$file"; echo "host-key $kind $key"; }
  done
  for name in $(ls /etc/cvault 2>/dev/null | sed -n 's/^\\([a-z][a-z0-9-]*\\)\\.\\(env\\|key\\)$/\\1/p' | sort -u); do
    id=$(sed -n "s/^SERVER_ID='\\([0-9a-f-]*\\)'$/\\1/p" "/etc/cvault/$name.env" 2>/dev/null)
    key=$(wg pubkey 2>/dev/null <"/etc/cvault/$name.key")
    echo "installed $name \${id:--} \${key:--}"
  done
  for name in $(wg show interfaces 2>/dev/null); do echo "live $(wg show "$name" public-key)"; done
}
inspect
`;

/** @throws Failure if ssh fails or the user is not root */
export async function inspectMachine(target: SshTarget, user: string): Promise<Inspection> {
  return readInspection(await runScript(target, user, SCRIPT));
}

export function readInspection(printed: string): Inspection {
  const lines = (pattern: RegExp) =>
    printed.split('\n').flatMap((line) => {
      const match = pattern.exec(line);
      return match === null ? [] : [match.slice(1)];
    });
  return {
    hostKeys: lines(/^host-key ([a-z0-9-]+ [A-Za-z0-9+/=]+)$/).map(([key = '']) => key),
    installed: lines(/^installed ([a-z][a-z0-9-]{0,14}) ([0-9a-f-]+) ([A-Za-z0-9+/=-]+)$/).map(
      ([name = '', id, key]) => ({
        name,
        serverId: id === undefined || id === '-' ? null : id,
        publicKey: key === undefined || key === '-' ? null : key,
      }),
    ),
    liveKeys: lines(/^live ([A-Za-z0-9+/]{43}=)$/).map(([key = '']) => key),
  };
}

/** The identity of a machine, as far as this control plane knows. */
export type Identity =
  | { readonly is: 'bare' }
  /** `hasKey`: whether the interface's private key still exists. */
  | { readonly is: 'known'; readonly server: Server; readonly hasKey: boolean }
  /** A VPN server that this control plane does not know. */
  | { readonly is: 'foreign'; readonly interfaceName: string; readonly publicKey: string | null };

/** Identifies by the installation's traces, whatever the address. */
export function identify({ installed, liveKeys }: Inspection, servers: readonly Server[]): Identity {
  const keysThere = [...liveKeys, ...installed.map(({ publicKey }) => publicKey)];
  const hasKey = ({ publicKey }: Server) => publicKey !== null && keysThere.includes(publicKey);
  for (const { name, serverId, publicKey } of installed) {
    const server = servers.find(
      (each) =>
        each.id === serverId || (serverId === null && publicKey !== null && each.publicKey === publicKey),
    );
    if (server !== undefined) return { is: 'known', server, hasKey: hasKey(server) };
    // Without an id and a key, its owner cannot be determined.
    if (serverId !== null || publicKey !== null) return { is: 'foreign', interfaceName: name, publicKey };
  }
  const alive = servers.find(hasKey);
  return alive === undefined ? { is: 'bare' } : { is: 'known', server: alive, hasKey: true };
}

/** A VPN server that this bare machine may have been: same address or same SSH host keys. */
export function formerlyAt(
  { hostKeys }: Inspection,
  address: { readonly host: string; readonly port: number },
  servers: readonly Server[],
): Server | null {
  return (
    servers.find(
      ({ ssh }) =>
        ssh !== null &&
        ((ssh.host === address.host && ssh.port === address.port) ||
          ssh.hostKeys.some((key) => hostKeys.includes(key))),
    ) ?? null
  );
}
