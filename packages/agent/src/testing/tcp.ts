import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace, RunningProcess } from './network-lab.ts';

/** Sends each caller its address as this side sees it, then `tick` every tenth of a second. */
const SERVICE = `
const { createServer } = require('node:net');
const server = createServer((socket) => {
  socket.on('error', () => {});
  socket.write(socket.remoteAddress.replace('::ffff:', '') + '\\n');
  const timer = setInterval(() => socket.write('tick\\n'), 100);
  socket.on('close', () => clearInterval(timer));
});
server.listen({ port: Number(process.argv[1]), host: '::' }, () => console.log('ready'));
`;

const CALLER = `
const { connect } = require('node:net');
const [host, port, withinMs, localAddress] = process.argv.slice(1);
const socket = connect({ host, port: Number(port), localAddress: localAddress || undefined });
setTimeout(() => process.exit(3), Number(withinMs));
socket.on('error', () => process.exit(4));
socket.once('data', (data) => { console.log(String(data).split('\\n')[0]); process.exit(0); });
`;

const FOLLOWER = `
const { connect } = require('node:net');
const [host, port] = process.argv.slice(1);
connect({ host, port: Number(port) }).on('error', () => {}).pipe(process.stdout);
`;

/** Starts a TCP service on all addresses of a namespace. */
export async function startTcpService(namespace: Namespace, port: number): Promise<RunningProcess> {
  const running = namespace.start(process.execPath, ['-e', SERVICE, String(port)]);
  if (running.child.stdout === null) throw new Error('the service has no output');
  await once(running.child.stdout, 'data');
  return running;
}

/** How long a call that is expected to fail is tried. */
const IN_VAIN_MS = 1_500;

/**
 * Calls a TCP service. Returns the address that the service saw, or undefined if it was unreachable.
 * @param options.withinMs a bound for calls that hang; a busy machine needs seconds
 */
export async function callTcpService(
  namespace: Namespace,
  host: string,
  port: number,
  { localAddress = '', withinMs = 20_000 } = {},
): Promise<string | undefined> {
  const args = [host, String(port), String(withinMs), localAddress];
  try {
    return (await namespace.run(process.execPath, ['-e', CALLER, ...args])).trim();
  } catch {
    return undefined;
  }
}

/** The same for a call that is expected to fail. */
export const callInVain = (namespace: Namespace, host: string, port: number, localAddress = '') =>
  callTcpService(namespace, host, port, { localAddress, withinMs: IN_VAIN_MS });

/** Opens a lasting connection to a TCP service and waits for its first bytes. */
export async function followTcpService(
  namespace: Namespace,
  host: string,
  port: number,
): Promise<RunningProcess> {
  const running = namespace.start(process.execPath, ['-e', FOLLOWER, host, String(port)]);
  if (running.child.stdout === null) throw new Error('the follower has no output');
  await once(running.child.stdout, 'data');
  return running;
}

/**
 * Waits until a connection of `followTcpService` carries nothing more. Bytes in flight when it was cut may still
 * arrive.
 */
export async function untilSilent({ child }: RunningProcess): Promise<void> {
  let heard = 0;
  const hear = () => heard++;
  child.stdout?.on('data', hear);
  try {
    for (let seconds = 0; seconds < 30; seconds += 2) {
      const before = heard;
      await sleep(2_000);
      if (heard === before) return;
    }
    throw new Error('the connection goes on');
  } finally {
    child.stdout?.off('data', hear);
  }
}
