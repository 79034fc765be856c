import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A request that has begun to arrive has this long to be there as a whole. */
const ARRIVING_MS = 1_000;
const LOOK_MS = 50;

/**
 * Ends an HTTP server in order. Node.js waits for every connection on which no request was answered yet, so one that is
 * opened and not used, or whose client does not read, would hold the end up for ever. Ask for it before the server listens.
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

  /** @param graceMs longest that requests which are under way are waited for */
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
