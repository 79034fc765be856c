import { Agent, request } from 'node:http';

/**
 * A lean HTTP client with persistent connections: the load generator shares two cores with the API, and `fetch`
 * costs several times as much.
 */
export function createHttpCaller(
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
  connections: number,
) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, noDelay: true });
  const { hostname, port } = new URL(baseUrl);
  return {
    post(path: string, body: unknown): Promise<{ status: number; text: string }> {
      const payload = JSON.stringify(body);
      return new Promise((resolve, reject) => {
        const sent = request(
          {
            agent,
            hostname,
            port,
            path,
            method: 'POST',
            headers: {
              ...headers,
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(payload),
            },
          },
          (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
            response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
          },
        );
        sent.on('error', reject);
        sent.end(payload);
      });
    },
    close: () => agent.destroy(),
  };
}
