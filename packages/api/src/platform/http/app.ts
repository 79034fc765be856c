import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import helmet from '@fastify/helmet';
import type { Authenticator } from '../access/authenticator.ts';
import type { RefusalLog } from '../audit-context/context.ts';
import { CVaultError } from '../errors.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { acts } from './acts.ts';
import { bareForwardedFor, clientOf } from './client-address.ts';
import { createOrderlyServer } from './connections.ts';
import { corsHeadersFor, crossOrigin } from './cors.ts';
import { documentation } from './docs.ts';
import { door } from './door.ts';
import { createClientErrorHandler, createErrorHandler, insidePath, publicPath } from './errors.ts';
import type { IdempotencyOptions } from '../idempotency/replay.ts';
import { methodNotAllowed } from './methods.ts';
import { openApi } from './openapi.ts';
import { createTurnstile } from './turnstile.ts';
import { takeNoOtherParameters, validatorCompiler } from './validation.ts';
import { BODY_LIMIT_BYTES, HEADER_LIMIT_BYTES, PATH_PARAMETER_LIMIT, STRANGERS } from '../limits/limits.ts';

export interface AppOptions {
  readonly logger: Logger;
  readonly authenticator: Authenticator;
  /** Registers the routes of all nouns (src/routes.ts). */
  readonly routes: (app: FastifyInstance) => void;
  /** Translates driver errors; null for an unknown error. */
  readonly translateError: (error: unknown) => CVaultError | null;
  readonly limiter: RateLimiter;
  /** The maximum of concurrent requests. Further requests are refused. */
  readonly requestsAtOnce: number;
  /** The store of answers to writes, for retries. If absent, Idempotency-Key is ignored. */
  readonly idempotency?: IdempotencyOptions;
  /** Origins that browsers may call from: empty for none, `*` for all. */
  readonly corsOrigins: readonly string[];
  /** Addresses and ranges of proxies whose X-Forwarded-For is trusted; empty for none. */
  readonly trustProxy: readonly string[];
  /** The API's public URL, without a trailing slash; empty if not configured. */
  readonly publicUrl: string;
  readonly version: string;
  /** Records refusals for the audit log; optional. */
  readonly refusals?: RefusalLog;
  /** Called for every answer. The route is a pattern, so callers cannot choose its value. */
  readonly onAnswer?: (method: string, route: string, status: number, seconds: number) => void;
}

/** Longer than the slowest handler (a queue of sign-ins), so that none is cut off. */
const CONNECTION_TIMEOUT_MS = 60_000;
/** The time limit for a request's headers. */
const HEADERS_TIMEOUT_MS = 15_000;
/**
 * The time limit for a whole request. It exceeds the door's own limit for the body, whose answer is clearer than
 * Node's.
 */
const REQUEST_TIMEOUT_MS = 40_000;
/** The interval at which Node looks for late requests; its default is 30 s. */
const TIMEOUT_CHECK_MS = 5_000;
/** Longer than the usual idle timeout of load balancers, so that they close idle connections before we do. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** Builds the HTTP application without a socket. The caller listens or injects requests. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { publicUrl, corsOrigins } = options;
  const prefix = publicPath(publicUrl);
  const strangers = createTurnstile(STRANGERS);
  const stopping = new AbortController();
  // One listener per connection.
  setMaxListeners(0, stopping.signal);
  const logger: FastifyBaseLogger = options.logger;
  const handleError = createErrorHandler({ translateError: options.translateError, publicUrl });
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // Always our own: a caller could make ids collide on purpose.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT_BYTES,
    serverFactory: (handler) => {
      const timeouts = {
        maxHeaderSize: HEADER_LIMIT_BYTES,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      };
      return createOrderlyServer(handler, timeouts, stopping.signal).setTimeout(CONNECTION_TIMEOUT_MS);
    },
    routerOptions: { maxParamLength: PATH_PARAMETER_LIMIT },
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    // Requests on open connections are still served while the process ends, with `Connection: close`. Fastify's own
    // 503 cost a rolling restart one request in two thousand.
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    rewriteUrl: ({ url = '/' }) => insidePath(url, prefix),
    // Unreadable paths bypass every hook, including the door.
    frameworkErrors: (error, request, reply) => {
      const { raw } = request;
      bareForwardedFor(raw);
      void strangers
        .enter(clientOf(request.ip), () => raw.socket.destroyed)
        .then((turn) => turn.leave())
        .catch((refusal: unknown) => refusal)
        .then((refusal) => {
          void reply.headers(corsHeadersFor(corsOrigins, raw.headers.origin));
          return handleError(refusal ?? error, request, reply);
        });
    },
    clientErrorHandler: createClientErrorHandler({ strangers, publicUrl, corsOrigins }),
  });

  app.addHook('preClose', (done) => {
    stopping.abort();
    done();
  });
  app.addHook('onRoute', takeNoOtherParameters);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  // For handlers that find nothing behind the door, such as the documentation's files.
  app.setNotFoundHandler(() => {
    throw new CVaultError('no_such_route', 'There is no such route.');
  });

  app.addHook('onRequest', (request, reply, done) => {
    bareForwardedFor(request.raw);
    // Answers hold tokens, keys and configurations, so no cache may keep them.
    void reply.headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { principal } = request;
    const route = request.routeOptions.url ?? 'none';
    options.onAnswer?.(request.method, route, reply.statusCode, reply.elapsedTime / 1_000);
    request.log.info(
      {
        method: request.method,
        // The pattern instead of the path keeps ids and other caller input out of the logs.
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(principal === null || principal.kind === 'admin' ? {} : { tenantId: principal.tenantId }),
      },
      'request',
    );
    done();
  });

  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
  if (corsOrigins.length > 0) await app.register(crossOrigin, { origins: corsOrigins });
  const { authenticator, limiter, requestsAtOnce } = options;
  await app.register(door, {
    authenticator,
    limiter,
    strangers,
    requestsAtOnce,
    idempotency: options.idempotency,
  });
  await app.register(acts, { refusals: options.refusals });
  // Runs after the door, which stores answers for retries unchanged.
  app.addHook('onSend', (_request, reply, payload, done) => {
    const location = reply.getHeader('location');
    if (prefix !== '' && typeof location === 'string' && location.startsWith('/')) {
      void reply.header('location', prefix + location);
    }
    done(null, payload);
  });
  await app.register(methodNotAllowed);
  await app.register(openApi, { version: options.version, publicUrl });
  await app.register(documentation, { pathPrefix: prefix });
  // Async, so that a refused route fails the start instead of crashing the process.
  await app.register(async (routes) => {
    options.routes(routes);
  });
  app.refuseOtherMethods();
  return app;
}
