import { CVaultError, type ErrorCode, type ErrorKind, ERRORS, type InputFault } from '../errors.ts';
import type { FastifyError } from 'fastify';

/** The only mapping from failures to HTTP status. A new kind does not compile without one. */
const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  gone: 410,
  method: 405,
  conflict: 409,
  late: 408,
  too_large: 413,
  media_type: 415,
  limited: 429,
  // Only the caller's own platform can help, and the same request may succeed later: not a fault of the service.
  exhausted: 409,
  unprocessable: 422,
  internal: 500,
  unavailable: 503,
} as const satisfies Record<ErrorKind, number>;

/** The default Retry-After of 503 and 429. */
const RETRY_AFTER_SECONDS = 5;

/** RFC 9110 section 11.6.1: a 401 names the accepted scheme. */
const CHALLENGE: Partial<Record<ErrorCode, string>> = {
  missing_api_key: 'ApiKey realm="cvault", header="X-API-Key"',
  invalid_api_key: 'ApiKey realm="cvault", header="X-API-Key"',
  missing_token: 'Bearer realm="cvault"',
  invalid_token: 'Bearer realm="cvault", error="invalid_token"',
  invalid_admin_key: 'Bearer realm="cvault"',
  invalid_credentials: 'ApiKey realm="cvault", header="X-API-Key"',
  invalid_challenge: 'ApiKey realm="cvault", header="X-API-Key"',
  invalid_code: 'ApiKey realm="cvault", header="X-API-Key"',
  invalid_refresh_token: 'ApiKey realm="cvault", header="X-API-Key"',
};

/** An RFC 9457 problem with our own members `code`, `requestId` and `errors`. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  /** Present if fields of the request are wrong. */
  readonly errors?: readonly InputFault[];
}

export interface ProblemAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The status of a code, for documentation. */
export function statusOfCode(code: ErrorCode): number {
  return STATUS[ERRORS[code].kind];
}

export interface ProblemPlace {
  readonly requestId: string;
  /** The request's path without its query. */
  readonly path: string;
  /** Base URL of the documentation; empty for the API's own address. */
  readonly publicUrl: string;
}

/** Builds the answer to a failed request. Only the error's code and public message get into it. */
export function problemOf(error: CVaultError, { requestId, path, publicUrl }: ProblemPlace): ProblemAnswer {
  const { code, faults } = error;
  const status = statusOfCode(code);
  const headers: Record<string, string> = { 'content-type': PROBLEM_MEDIA_TYPE, 'cache-control': 'no-store' };
  const retryAfter =
    error.retryAfterSeconds ?? (status === 429 || status === 503 ? RETRY_AFTER_SECONDS : undefined);
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfter)));
  const challenge = status === 401 ? CHALLENGE[code] : undefined;
  if (challenge !== undefined) headers['www-authenticate'] = challenge;
  return {
    status,
    headers,
    body: {
      type: `${publicUrl}/docs/errors#${code}`,
      title: ERRORS[code].title,
      status,
      detail: error.message,
      instance: path,
      code,
      requestId,
      ...(faults.length === 0 ? {} : { errors: faults }),
    },
  };
}

/** Fastify errors that the caller caused. Their messages can quote the body, so they are replaced. */
const FRAMEWORK: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'The body is larger than 64 KiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send the body as application/json in UTF-8.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['malformed_body', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The path is not a valid URL path.'],
  FST_ERR_MAX_PARAM_LENGTH: ['invalid_request', 'A part of the path is too long.'],
  FST_ERR_NOT_FOUND: ['no_such_route', 'There is no such route.'],
};

/** Other failures to read the request that Fastify or Node blame on the caller. */
const BY_STATUS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  400: ['malformed_body', 'The body cannot be read.'],
  404: ['no_such_route', 'There is no such route.'],
  413: ['body_too_large', 'The body is larger than 64 KiB.'],
  415: ['unsupported_media_type', 'Send the body as application/json in UTF-8.'],
};

/**
 * Turns any thrown value into an error that may be answered. An unknown error counts as ours.
 * @param translate translates driver errors; null for an unknown error
 */
export function toCVaultError(
  error: unknown,
  translate: (error: unknown) => CVaultError | null,
): CVaultError {
  if (error instanceof CVaultError) return error;
  const translated = translate(error);
  if (translated !== null) return translated;
  const { code, statusCode } = error instanceof Error ? (error as Partial<FastifyError>) : {};
  const known = (code === undefined ? undefined : FRAMEWORK[code]) ?? BY_STATUS[statusCode ?? 0];
  if (known !== undefined) return new CVaultError(...known);
  return new CVaultError('internal', 'Something went wrong on our side.', { cause: error });
}
