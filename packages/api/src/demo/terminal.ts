/** The output of `npm start`: each step with its duration, and the next commands. */
import { relative } from 'node:path';
import type { DemoFile } from './demo-file.ts';

/** Runs one step of the start. */
export type Step = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** For production, where the log suffices. */
export const silently: Step = (_what, work) => work();

/** Prints the step and, on the same line, its duration. */
export const aloud: Step = async (what, work) => {
  process.stderr.write(`cvault: ${what} … `);
  const began = performance.now();
  try {
    const result = await work();
    process.stderr.write(`${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    process.stderr.write('\n');
    throw error;
  }
};

export function say(text: string): void {
  process.stderr.write(`cvault: ${text}\n`);
}

export interface Ready {
  readonly demo: DemoFile;
  /** Path of demo.json. */
  readonly credentials: string;
  /** `address:port` of the VPN server. */
  readonly endpoint: string;
  readonly whySimulated: string | null;
}

const quoted = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Three commands to continue with, ready to be pasted into a second terminal in this folder. */
function nextCommands({ vpnServer }: DemoFile, dataDir: string): string[] {
  const where = dataDir === '.cvault' ? '' : `CVAULT_DATA_DIR=${quoted(dataDir)} `;
  return [
    `${where}node scripts/demo-device.mjs phone.conf`,
    vpnServer.echoUrl === null
      ? 'cat phone.conf'
      : `node scripts/demo-client.mjs phone.conf -- curl -s ${vpnServer.echoUrl}`,
    `${where}node packages/cli/bin/cvault.mjs server list`,
  ];
}

/** Shows where the secrets are, but never a secret, since others may see the screen or the log. */
export function banner({ demo, credentials, endpoint, whySimulated }: Ready): string {
  const { baseUrl, vpnServer } = demo;
  const near = relative(process.cwd(), credentials);
  const file = near.startsWith('..') ? credentials : near;
  const dataDir = file.slice(0, -'/demo.json'.length);
  const [device, packets, servers] = nextCommands(demo, dataDir);
  const kind =
    whySimulated === null
      ? `real WireGuard at ${endpoint}, IPv4${vpnServer.echoUrl6 === null ? '' : ' and IPv6'}`
      : `THE VPN SERVER IS SIMULATED, no packet will flow: ${whySimulated}`;
  return `
  CVault is ready.

  API         ${baseUrl}        described at ${baseUrl}/docs
  VPN server  ${kind}
  Keys        ${file}        the admin key, a tenant's API key, a user with password
  Mails       ${dataDir}/mail        what users would get

  Next, in a second terminal in this folder${vpnServer.kind === 'real' ? ', as root' : ''}:

    ${device ?? ''}        # signs the user in and registers a device
    ${packets ?? ''}        # ${whySimulated === null ? "through the tunnel: names the VPN server's address" : 'its WireGuard configuration'}
    ${servers ?? ''}        # what the operator sees

  Ctrl-C ends everything that was started here. The data stays in ${dataDir}.

`;
}
