import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { CVaultError } from '@cvault/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ProblemAnswer, problemOf, toCVaultError } from './problem.ts';

export interface ErrorOptions {
  /** Knows the errors of the drivers; null for those it does not know. */
  readonly translateError: (error: unknown) => CVaultError | null;
  readonly publicUrl: string;
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
      path: pathOf(request.url),
      publicUrl,
    });
    // What operators need is the cause; the error itself says no more than the answer does.
    const { code, message, cause } = error;
    // Who is refused because there are too many must cost little: its line as a request says 503, and a stack is built for nobody.
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

/** Answers a request for which there is no route. */
export function noSuchRoute(): never {
  throw new CVaultError('no_such_route', 'There is no such route.');
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

const UNREADABLE: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time.',
  HPE_HEADER_OVERFLOW: 'The headers of the request are too large.',
};

/** Answers bytes that are no HTTP request, or too slow or too large to be read as one. */
export function createClientErrorHandler(publicUrl: string) {
  return function (this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    const detail = UNREADABLE[error.code ?? ''] ?? 'This is not a readable HTTP request.';
    const requestId = randomUUID();
    // Not the error itself: it carries the bytes that were sent.
    this.log.info({ requestId, code: 'invalid_request', reason: error.code }, detail);
    if (!socket.writable) return void socket.destroy();
    socket.end(
      rawResponse(problemOf(new CVaultError('invalid_request', detail), { requestId, path: '', publicUrl })),
    );
  };
}
