import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { OutboundError } from './ports.ts';

/** One request to addresses that have been checked. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connectMs: number;
  readonly wholeMs: number;
  /** `head`: status and headers suffice, and the body is not awaited. */
  readonly wants: 'head' | 'body';
  /** A longer answer is cut off. */
  readonly answerBytesMost: number;
  /** CA certificates to trust instead of the system's; for tests. */
  readonly ca?: string | undefined;
}

export interface Exchanged {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the body was longer than the part that was read. */
  readonly cut: boolean;
}

/**
 * How long the rest of an unwanted answer may still arrive. A receiver that is cut off while sending logs an error
 * or sends everything again.
 */
const REST_MS = 2_000;

/** TLS error codes of an invalid certificate. */
const CERTIFICATE = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

function faultOf(cause: unknown): OutboundError {
  if (cause instanceof OutboundError) return cause;
  const { code } = cause as { code?: string };
  return CERTIFICATE.test(code ?? '')
    ? new OutboundError('bad_certificate', 'The certificate proves nothing.', { cause })
    : new OutboundError('unreachable', 'No connection, or it broke.', { cause });
}

/** Resolves every name to the checked addresses. */
function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, options, found) => {
    if (options.all === true) found(null, all);
    else found(null, all[0]!.address, all[0]!.family);
  };
}

/**
 * Sends a request over its own connection. Host header and TLS handshake keep the name; only the address is pinned.
 * Redirects are not followed.
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
      // A connection that is kept alive would outlive the check of its address.
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
