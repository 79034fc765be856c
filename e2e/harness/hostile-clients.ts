import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('hostile-clients.mjs', import.meta.url));

/** By kind: its connections, and the number of answers of each status. */
type HostileDeeds = Readonly<
  Record<string, { readonly connections: number; readonly statuses: Readonly<Record<string, number>> }>
>;

export interface HostileClients {
  /** Stops them. */
  stop(): Promise<HostileDeeds>;
}

/** Starts hostile clients of every kind in their own process. */
export async function startHostileClients(baseUrl: string, sockets: number): Promise<HostileClients> {
  const child = spawn(process.execPath, [PROGRAM, baseUrl, String(sockets)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await once(child.stdout, 'data');
  return {
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'close');
      return JSON.parse(printed.slice(printed.indexOf('{'))) as HostileDeeds;
    },
  };
}
