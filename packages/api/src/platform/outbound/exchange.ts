import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { OutboundError } from './ports.ts';

/** One request, to addresses that were checked. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connectMs: number;
  readonly wholeMs: number;
  /** `head`: status and headers are the answer, and nobody waits for the body. */
  readonly wants: 'head' | 'body';
  /** What comes beyond is cut off. */
  readonly answerBytesMost: number;
  /** Certificates of authorities to trust instead of the system's; for tests. */
  readonly ca?: string | undefined;
}

export interface Exchanged {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body was longer than was read of it. */
  readonly cut: boolean;
}

/**
 * The rest of an answer that nobody waits for may come this long: a receiver that is cut off while it sends logs an error, or
 * sends the whole again.
 */
const REST_MS = 2_000;

/** TLS's own names for certificates that prove nothing. */
const CERTIFICATE = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

function faultOf(cause: unknown): OutboundError {
  if (cause instanceof OutboundError) return cause;
  const { code } = cause as { code?: string };
  return CERTIFICATE.test(code ?? '')
    ? new OutboundError('bad_certificate', 'The certificate proves nothing.', { cause })
    : new OutboundError('unreachable', 'No connection, or it broke.', { cause });
}

/** Whatever Node.js asks for, it gets the addresses that were checked, and no others. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, options, found) => {
    if (options.all === true) found(null, all);
    else found(null, all[0]!.address, all[0]!.family);
  };
}

/**
 * Sends a request over a connection of its own. The name stays in Host and in the TLS handshake; only who is connected to
 * is fixed. Nothing is followed.
 * @throws OutboundError
 */
export function exchange(wanted: Exchange): Promise<Exchanged> {
  const { url, addresses, body } = wanted;
  const timeout = (what: string) => new OutboundError('timeout', `${what} took too long.`);
  return new Promise<Exchanged>((resolve, reject) => {
    const fail = (cause: unknown) => {
      clearTimeout(whole);
      clearTimeout(connecting);
      reject(faultOf(cause));
      request.destroy();
    };
    const whole = setTimeout(() => fail(timeout('The answer')), wanted.wholeMs);
    const connecting = setTimeout(() => fail(timeout('Connecting')), wanted.connectMs);
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      method: wanted.method,
      lookup: pinned(addresses),
      // A connection that is kept would outlive the check of its address.
      agent: false,
      headers: {
        ...wanted.headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        connection: 'close',
      },
      ...(wanted.ca === undefined ? {} : { ca: wanted.ca }),
    });
    request.once('socket', (socket) => {
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    });
    request.once('error', fail);
    request.once('response', (response) => {
      const parts: Buffer[] = [];
      let read = 0;
      const end = (cut: boolean) => {
        clearTimeout(whole);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts),
          cut,
        });
      };
      response.on('data', (part: Buffer) => {
        read += part.length;
        if (read <= wanted.answerBytesMost) {
          if (wanted.wants === 'body') parts.push(part);
          return;
        }
        end(true);
        request.destroy();
      });
      if (wanted.wants === 'head') {
        end(false);
        const rest = setTimeout(() => request.destroy(), REST_MS);
        request.once('close', () => clearTimeout(rest));
      }
      response.once('end', () => end(false));
      response.once('error', fail);
    });
    request.end(body);
  });
}
