import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** The time limit for a request that has begun to arrive. */
const ARRIVING_MS = 1_000;
const LOOK_MS = 50;

/**
 * Prepares an orderly shutdown; call it before the server listens. Node.js waits for every connection without an
 * answered request, so an unused connection or a client that does not read would block the shutdown for ever.
 */
export function prepareClose(app: FastifyInstance): (graceMs: number) => Promise<void> {
  const { server } = app;
  const underWay = new Map<Socket, number>();
  const count = (socket: Socket, change: number) => {
    const before = underWay.get(socket);
    if (before !== undefined) underWay.set(socket, before + change);
  };
  server.on('connection', (socket: Socket) => {
    underWay.set(socket, 0);
    socket.once('close', () => underWay.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });

  /** @param graceMs the longest wait for pending requests */
  return async (graceMs) => {
    const began = performance.now();
    const look = setInterval(() => {
      const passed = performance.now() - began;
      if (passed < ARRIVING_MS) return;
      for (const [socket, requests] of underWay) if (requests === 0 || passed > graceMs) socket.destroy();
    }, LOOK_MS);
    try {
      await app.close();
    } finally {
      clearInterval(look);
    }
  };
}
