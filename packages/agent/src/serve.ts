import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Agent } from './agent.ts';
import { serveConnection } from './connection.ts';
import { log } from './log.ts';

/** A control plane has a handful of replicas with one connection each; more than this is a fault. */
const MAX_CONNECTIONS = 64;

export interface SocketServer {
  /** Accepts no more connections, lets each finish its current request, and removes the socket. */
  close(): Promise<void>;
}

/** Listens for control planes on a unix socket that only its owner and group can open. */
export async function listenOnSocket(agent: Agent, socketPath: string): Promise<SocketServer> {
  await removeStaleSocket(socketPath);
  const open = new Set<Socket>();
  // Half open: requests that a control plane sent before it stopped sending are still answered.
  const makeServer = () => {
    const made = createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket);
      log(`connection opened, ${open.size} open`);
      const onRefused = (detail: string) => log(`request refused: ${detail}`);
      void serveConnection(agent, socket, { onRefused }).then((end) => {
        open.delete(socket);
        log(`connection ended: ${end}, ${open.size} open`);
      });
    });
    made.maxConnections = MAX_CONNECTIONS;
    return made;
  };
  let server = makeServer();
  let inode = await listen(server, socketPath);
  let closing = false;
  agent.keep('socket', async () => {
    // Closing removes the socket, and no new one may be made then.
    if (closing) return [];
    const found = await lstat(socketPath).catch(() => undefined);
    if (found?.isSocket() === true && found.ino === inode) return [];
    const detail = `The agent's socket ${socketPath} was gone: no control plane could connect.`;
    const mend = async () => {
      // Closing removes any file at the path, so it comes first. Open connections stay.
      server.close();
      await removeStaleSocket(socketPath);
      server = makeServer();
      inode = await listen(server, socketPath);
    };
    return [{ code: 'socket_removed', detail, mend }];
  });
  return {
    async close() {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await agent.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Returns the inode of the socket. */
async function listen(server: Server, socketPath: string): Promise<number> {
  // The socket must not be open to all before its chmod.
  const umask = process.umask(0o117);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(umask);
  }
  await chmod(socketPath, 0o660);
  return (await lstat(socketPath)).ino;
}

/** Removes the socket of a dead agent. Throws if an agent answers on it, or if the file is no socket. */
export async function removeStaleSocket(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${socketPath} exists and is not a socket`);
  if (await answers(socketPath)) throw new Error(`another agent answers on ${socketPath}`);
  await unlink(socketPath);
}

async function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}
