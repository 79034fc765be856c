import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { Authenticator, CVaultError, RateLimiter, Refusals } from '@cvault/core';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { accessControl } from './access.ts';
import { acts } from './acts.ts';
import { admission, createAdmission } from './admission.ts';
import { BODY_LIMIT_BYTES, strictJson } from './body.ts';
import { documentation } from './docs.ts';
import { createClientErrorHandler, createErrorHandler, noSuchRoute } from './errors.ts';
import { idempotency, type IdempotencyOptions } from './idempotency.ts';
import { methodNotAllowed } from './methods.ts';
import { openApi } from './openapi.ts';
import { rateLimits } from './rate-limit.ts';
import { validatorCompiler } from './validation.ts';

export interface AppOptions {
  readonly logger: Logger;
  readonly authenticator: Authenticator;
  /** Registers the features: the API's table of contents, in ../routes.ts. */
  readonly routes: (app: FastifyInstance) => void;
  /** Knows the errors of the drivers; null for those it does not know. */
  readonly translateError: (error: unknown) => CVaultError | null;
  readonly limiter: RateLimiter;
  /** Requests that are worked on at once; more are refused. */
  readonly requestsAtOnce: number;
  /** Where writes that are sent again are remembered; absent: Idempotency-Key is not looked at. */
  readonly idempotency?: IdempotencyOptions;
  /** Origins that browsers may call from; empty for none, `*` for all. */
  readonly corsOrigins: readonly string[];
  /** Addresses and ranges of proxies whose X-Forwarded-For is believed; empty for none. */
  readonly trustProxy: readonly string[];
  /** Where the API is reached from outside, without a slash at the end; empty where nobody said. */
  readonly publicUrl: string;
  readonly version: string;
  /** Counts what is refused, for the audit log. Absent: nothing does. */
  readonly refusals?: Pick<Refusals, 'note'>;
  /** Told of every answer; the route is a pattern, so no caller chooses it. */
  readonly onAnswer?: (method: string, route: string, status: number, seconds: number) => void;
}

/** Longer than the longest that a handler works (a queue of sign-ins), so that none is cut off. */
const CONNECTION_TIMEOUT_MS = 60_000;
/** For the whole of a request to arrive. */
const REQUEST_TIMEOUT_MS = 15_000;
/** How often Node looks for requests that are late; by default it does every 30 s. */
const TIMEOUT_CHECK_MS = 5_000;
/** Above what load balancers commonly keep idle connections for, so that they close them and not we. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;
const HEADER_LIMIT_BYTES = 16 * 1024;
const PATH_PARAMETER_LIMIT = 100;

/** The HTTP application, without a socket: the caller listens, or injects requests. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { publicUrl } = options;
  const logger: FastifyBaseLogger = options.logger;
  const handleError = createErrorHandler({ translateError: options.translateError, publicUrl });
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // Ours, always: an id that a caller may choose can be made to collide.
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: BODY_LIMIT_BYTES,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: { maxHeaderSize: HEADER_LIMIT_BYTES, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    routerOptions: { maxParamLength: PATH_PARAMETER_LIMIT },
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    // What comes on a connection that is open while this process ends is served, and told that the connection closes. Fastify's
    // own 503 cost a rolling restart one request in two thousand.
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    frameworkErrors: (error, request, reply) => void handleError(error, request, reply),
    clientErrorHandler: createClientErrorHandler(publicUrl),
  });

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(noSuchRoute);

  app.addHook('onRequest', (request, reply, done) => {
    // Answers hold tokens, keys and configurations: no cache keeps them.
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
        // The pattern, not the path: ids and whatever else callers put there stay out of the logs.
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(principal === null || principal.kind === 'admin' ? {} : { tenantId: principal.tenantId }),
      },
      'request',
    );
    done();
  });

  const gate = createAdmission(options.requestsAtOnce);
  await app.register(admission, { admission: gate });
  await app.register(rateLimits, { limiter: options.limiter, admission: gate });
  await app.register(accessControl, { authenticator: options.authenticator });
  await app.register(acts, { refusals: options.refusals });
  await app.register(methodNotAllowed);
  await app.register(strictJson);
  if (options.idempotency !== undefined) await app.register(idempotency, options.idempotency);
  else app.decorateRequest('retry', null);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
  if (options.corsOrigins.length > 0) {
    await app.register(cors, {
      origin: options.corsOrigins.includes('*') ? '*' : [...options.corsOrigins],
      methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'x-api-key', 'idempotency-key'],
      exposedHeaders: [
        'x-request-id',
        'retry-after',
        'ratelimit',
        'ratelimit-policy',
        'location',
        'idempotent-replayed',
      ],
      maxAge: 600,
    });
  }
  await app.register(openApi, { version: options.version });
  await app.register(documentation);
  // Async, so that a route that is refused fails the start and not the process.
  await app.register(async (features) => {
    options.routes(features);
  });
  app.refuseOtherMethods();
  return app;
}
