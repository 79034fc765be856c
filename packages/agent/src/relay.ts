import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** How long answers may arrive after the input ended. */
const LAST_ANSWERS_MS = 5000;

/**
 * Joins two one-way streams to the agent's socket until either side ends. It does not interpret the bytes, and
 * ignores everything else that the caller asked for, which sshd puts in the environment.
 */
export async function relay(socketPath: string, input: Readable, output: Writable): Promise<void> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', () => reject(new Error(`no agent answers on ${socketPath}`)));
  });
  await new Promise<void>((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      input.destroy();
      resolve();
    };
    input.on('end', () => {
      timer = setTimeout(end, LAST_ANSWERS_MS);
    });
    input.on('error', end);
    output.on('error', end);
    output.on('close', end);
    socket.on('error', end);
    socket.on('close', end);
    socket.on('end', end);
    input.pipe(socket);
    socket.pipe(output, { end: false });
  });
}
