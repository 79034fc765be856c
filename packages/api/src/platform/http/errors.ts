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
  /** Knows the errors of the drivers; null for those it does not know. */
  readonly translateError: (error: unknown) => CVaultError | null;
  readonly publicUrl: string;
}

/** The path below which the API is reached from outside, without a slash at the end; empty for the root. */
export function publicPath(publicUrl: string): string {
  return publicUrl === '' ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');
}

/** A path without the one of the public URL: a proxy in front may keep that or take it away. */
export function insidePath(path: string, prefix: string): string {
  return prefix !== '' && path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
}

/** The request's path as it came, without its query, which can hold what must not be repeated. */
function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

/** Answers and logs whatever was thrown. */
export function createErrorHandler({ translateError, publicUrl }: ErrorOptions) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const error = toCVaultError(thrown, translateError);
    const { status, headers, body } = problemOf(error, {
      requestId: request.id,
      path: publicPath(publicUrl) + pathOf(request.url),
      publicUrl,
    });
    // Operators need the cause; the error itself says no more than the answer does.
    const { code, message, cause } = error;
    // An overload refusal must cost little: the request's own line says 503, and no stack is built.
    if (code === 'overloaded') request.log.debug({ code }, message);
    else if (status >= 500) request.log.error({ code, err: cause ?? error }, message);
    else request.log.info({ code, ...(cause === undefined ? {} : { err: cause }) }, message);
    // As text: the schemas of the route are for what it answers itself.
    return reply
      .code(status)
      .headers({ ...headers, 'x-request-id': request.id })
      .serializer(JSON.stringify)
      .send(body);
  };
}

/** An answer for a connection on which no request could be read, as bytes. */
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

/** Path and origin of a request whose bytes no parser can read. */
function readHead(bytes: unknown): { path: string; origin: string | undefined } {
  const text = Buffer.isBuffer(bytes) ? bytes.subarray(0, 64 * 1024).toString('latin1') : '';
  const path = /^[A-Z]+ (\/[\x21-\x7e]*)/.exec(text)?.[1];
  const origin = /^origin:[ \t]*([\x21-\x7e]{1,300})[ \t]*\r?$/im.exec(text)?.[1];
  return { path: pathOf(path ?? '').slice(0, 1_000), origin };
}

export interface ClientErrorOptions {
  /** Where whoever sends such bytes waits for the answer. */
  readonly strangers: Turnstile;
  readonly publicUrl: string;
  readonly corsOrigins: readonly string[];
}

/** Answers bytes that are no HTTP request, or too slow or too large to be read as one. */
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
      // Not the error itself: it carries the bytes that were sent.
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
