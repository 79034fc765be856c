import fastifyCors from '@fastify/cors';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set if CORS is on and the request looks like a preflight. */
    corsPreflightEnabled?: boolean;
  }
}

const WILDCARD = '://*.';
/** One or more labels of a host name. */
const LABELS = '(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\\.)+';

/** `https://*.acme.dev` matches every host below acme.dev, but not acme.dev itself. */
function patternOf(origin: string): string | RegExp {
  if (!origin.includes(WILDCARD)) return origin;
  const [scheme, host] = origin.split(WILDCARD, 2).map((part) => part.replace(/[.+]/g, '\\$&'));
  return new RegExp(`^${scheme}://${LABELS}${host}$`);
}

/** CORS headers for an answer that bypasses every hook: a minimal version of the plugin's. */
export function corsHeadersFor(
  origins: readonly string[],
  origin: string | undefined,
): Readonly<Record<string, string>> {
  if (origins.includes('*')) return { 'access-control-allow-origin': '*', ...EXPOSED };
  const isAllowed =
    origin !== undefined &&
    origins
      .map(patternOf)
      .some((pattern) => (typeof pattern === 'string' ? pattern === origin : pattern.test(origin)));
  return isAllowed ? { 'access-control-allow-origin': origin, vary: 'Origin', ...EXPOSED } : {};
}

const EXPOSED_HEADERS = [
  'x-request-id',
  'retry-after',
  'ratelimit',
  'ratelimit-policy',
  'location',
  'idempotent-replayed',
];
const EXPOSED = { 'access-control-expose-headers': EXPOSED_HEADERS.join(', ') };

/**
 * Sets CORS headers on every answer. The door answers preflights.
 * @param origins as configured; `*` for all
 */
export const crossOrigin = fp<{ origins: readonly string[] }>(async (app, { origins }) => {
  await app.register(fastifyCors, {
    origin: origins.includes('*') ? '*' : origins.map(patternOf),
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    // Browsers' tracing adds the last two (W3C Trace Context).
    allowedHeaders: [
      'authorization',
      'content-type',
      'x-api-key',
      'idempotency-key',
      'traceparent',
      'tracestate',
    ],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    preflightContinue: true,
    strictPreflight: false,
  });
});
