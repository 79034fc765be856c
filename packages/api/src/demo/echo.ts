import { createServer, type Server } from 'node:http';

/** Where the demo's stand-in for the internet answers. */
export const ECHO_PORT = 7777;

/**
 * A web page that answers with its caller's address, on this machine's end of the cable to the demo's VPN server. Seen
 * through the tunnel it must name the VPN server, which shows that packets flow without a network to try it on.
 */
export async function startEcho(address: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain');
    response.end(`you come from ${request.socket.remoteAddress ?? 'nowhere'}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(ECHO_PORT, address, resolve);
  });
  return {
    url: `http://${address}:${ECHO_PORT}/`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
