import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from './data-directory.ts';

/** The description of a running demo, for tools. */
export interface DemoFile {
  readonly baseUrl: string;
  readonly adminKey: string;
  readonly tenant: { readonly id: string; readonly name: string; readonly apiKey: string };
  readonly user: { readonly email: string; readonly password: string };
  readonly vpnServer: {
    readonly interface: string;
    /** Null if the VPN server is simulated. */
    readonly netns: string | null;
    readonly kind: 'real' | 'simulated';
    /** A page that shows its caller's address, to be requested through the tunnel; null if simulated. */
    readonly echoUrl: string | null;
    /** The same over IPv6; null if this machine has none. */
    readonly echoUrl6: string | null;
  };
}

export const demoFileIn = (dataDir: string) => join(dataDir, 'demo.json');

export async function writeDemoFile(dataDir: string, demo: DemoFile): Promise<void> {
  await writePrivateFile(demoFileIn(dataDir), `${JSON.stringify(demo, null, 2)}\n`);
}

/** Its presence marks the demo as ready, so a start removes the previous one first. */
export async function removeDemoFile(dataDir: string): Promise<void> {
  await rm(demoFileIn(dataDir), { force: true });
}
