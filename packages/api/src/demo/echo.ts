import { createServer, type Server } from 'node:http';

/** The preferred port of the demo's stand-in for the internet. */
const ECHO_PORT = 7777;

function listen(address: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.end(`you come from ${request.socket.remoteAddress ?? 'nowhere'}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve(server));
  });
}

/**
 * A web page that shows its caller's address, on this machine's end of the cable to the demo's VPN server. Through
 * the tunnel it must show the VPN server's address, which proves that packets flow without any external network.
 */
export async function startEcho(address: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = await listen(address, ECHO_PORT).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(address, 0);
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
