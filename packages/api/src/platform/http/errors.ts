import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { CVaultError } from '../errors.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { clientOf } from './client-address.ts';
import { corsHeadersFor } from './cors.ts';
import { type ProblemAnswer, problemOf, toCVaultError } from './problem.ts';
import type { Turnstile } from './turnstile.ts';

export interface ErrorOptions {
  /** Translates driver errors; null for an unknown error. */
  readonly translateError: (error: unknown) => CVaultError | null;
  readonly publicUrl: string;
}

/** The path of the public URL, without a trailing slash; empty for the root. */
export function publicPath(publicUrl: string): string {
  return publicUrl === '' ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}

/** Strips the public URL's path, since a proxy in front may keep or remove it. */
export function insidePath(path: string, prefix: string): string {
  return prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

/** The request's path without its query, which can hold secrets. */
function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

/** Answers and logs any thrown value. */
export function createErrorHandler({ translateError, publicUrl }: ErrorOptions) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const error = toCVaultError(thrown, translateError);
    const { status, headers, body } = problemOf(error, {
      requestId: request.id,
      path: publicPath(publicUrl) + pathOf(request.url),
      publicUrl,
    });
    // Operators need the cause. The error itself says no more than the answer.
    const { code, message, cause } = error;
    // Overload refusals must be cheap, so no stack is built. The request's own log line says 503.
    if (code === 'overloaded') request.log.debug({ code }, message);
    else if (status >= 500) request.log.error({ code, err: cause ?? error }, message);
    else request.log.info({ code, ...(cause === undefined ? {} : { err: cause }) }, message);
    // Serialized as text, because the route's schemas describe only its own answers.
    return reply
      .code(status)
      .headers({ ...headers, 'x-request-id': request.id })
      .serializer(JSON.stringify)
      .send(body);
  };
}

/** The bytes of an answer for a connection on which no request could be parsed. */
function rawResponse({ status, headers, body }: ProblemAnswer): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'x-request-id': body.requestId,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', text].join('\r\n');
}

const UNREADABLE: Readonly<Record<string, readonly ['invalid_request' | 'request_timeout', string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: [
    'invalid_request',
    'The URL and the headers of the request are larger than 16 KiB together.',
  ],
};

/** Reads path and origin from a request that the parser refused. */
function readHead(bytes: unknown): { path: string; origin: string | undefined } {
  const text = Buffer.isBuffer(bytes) ? bytes.subarray(0, 64 * 1024).toString('latin1') : '';
  const path = /^[A-Z]+ (\/[\x21-\x7e]*)/.exec(text)?.[1];
  const origin = /^origin:[ \t]*([\x21-\x7e]{1,300})[ \t]*\r?$/im.exec(text)?.[1];
  return { path: pathOf(path ?? '').slice(0, 1_000), origin };
}

export interface ClientErrorOptions {
  /** The turnstile at which senders of unreadable bytes wait for their answer. */
  readonly strangers: Turnstile;
  readonly publicUrl: string;
  readonly corsOrigins: readonly string[];
}

/** Answers bytes that are not an HTTP request, arrive too slowly or exceed the header limit. */
export function createClientErrorHandler({ strangers, publicUrl, corsOrigins }: ClientErrorOptions) {
  const prefix = publicPath(publicUrl);
  return function (
    this: FastifyInstance,
    error: Error & { code?: string; rawPacket?: unknown },
    socket: Socket,
  ): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const [code, detail] = UNREADABLE[error.code ?? ''] ?? [
      'invalid_request',
      'This is not a readable HTTP request.',
    ];
    const { path, origin } = readHead(error.rawPacket);
    const instance = path === '' ? '' : prefix + insidePath(path, prefix);
    const answer = () => {
      const requestId = randomUUID();
      // The error itself is not logged: it carries the sent bytes.
      this.log.info({ requestId, code, reason: error.code }, detail);
      if (!socket.writable) return void socket.destroy();
      const problem = problemOf(new CVaultError(code, detail), { requestId, path: instance, publicUrl });
      const headers = { ...problem.headers, ...corsHeadersFor(corsOrigins, origin) };
      socket.end(rawResponse({ ...problem, headers }));
    };
    strangers
      .enter(clientOf(socket.remoteAddress), () => socket.destroyed)
      .then((turn) => {
        answer();
        turn.leave();
      })
      .catch(() => socket.destroy());
  };
}
