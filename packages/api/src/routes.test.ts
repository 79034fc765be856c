/** Rules that hold for every route, including future ones. */
import { afterAll, describe, expect, test } from 'vitest';
import { createMetrics } from './metrics/metrics.ts';
import type { Databases } from './platform/db/databases.ts';
import { createLogger } from './platform/observability/logger.ts';
import { bareApp } from './testing/bare-app.ts';
import { testConfig, testPlatform } from './testing/platform.ts';
import { wireNouns } from './wiring.ts';

interface Operation {
  operationId: string;
  security: Record<string, unknown>[];
  requestBody?: unknown;
}

const CREDENTIALS: Record<string, Record<string, string>> = {
  '': {},
  ApiKey: { 'x-api-key': 'key' },
  'ApiKey,UserToken': { 'x-api-key': 'key', authorization: 'Bearer token' },
  AdminKey: { authorization: 'Bearer admin' },
};

/** A query shows as a 500. */
const unreachable = new Proxy(
  {},
  {
    get(_target, name) {
      throw new Error(`the database was reached: ${String(name)}`);
    },
  },
) as never;
const nothing = { pool: unreachable, close: () => Promise.resolve() };
const databases: Databases = {
  requests: nothing,
  authentication: nothing,
  operator: nothing,
  links: nothing,
  metering: nothing,
  jobs: nothing,
  sealing: nothing,
};
const platform = testPlatform({ config: testConfig(), databases, log: createLogger('silent') });
const nouns = wireNouns(platform, { metrics: createMetrics(), mailer: null });

const { app } = await bareApp(nouns.routes, {
  limiter: { consume: () => Promise.resolve({ allowed: true, remaining: 1, resetSeconds: 1 }) },
});
const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase() as 'POST',
    path,
    operation,
    scheme: operation.security.flatMap((schemes) => Object.keys(schemes)).join(),
  })),
);
const withId = (path: string) => path.replaceAll(/\{\w+\}/g, '0b9b1f6e-5a1c-4a8f-9d51-3c5e0d6c2f10');
const closed = operations.filter(({ scheme }) => scheme !== '');
const withBody = operations.filter(({ operation }) => operation.requestBody !== undefined);
const withParameter = operations.filter(({ path }) => path.includes('{'));

afterAll(() => app.close());

test('the walk sees the API', () => {
  expect(operations.length).toBeGreaterThan(20);
  expect(operations.filter(({ scheme }) => scheme === '').map(({ path }) => path)).toEqual([
    '/health',
    '/livez',
    '/readyz',
    '/api/v1/tenants/{id}/jwks.json',
  ]);
});

describe('no route accepts missing credentials or those of another kind', () => {
  test.each(closed)('$name', async ({ method, path, scheme }) => {
    for (const [other, headers] of Object.entries(CREDENTIALS)) {
      // A user's request also carries the tenant's key and may do what the tenant may.
      if (other === scheme || (scheme === 'ApiKey' && other === 'ApiKey,UserToken')) continue;
      const answer = await app.inject({ method, url: withId(path), headers });
      expect(answer.statusCode, other).toBe(401);
      expect(answer.headers['content-type']).toBe('application/problem+json');
    }
  });
});

describe('a missing body or an unknown field is refused', () => {
  const hostile = [null, [], 'text', { __unknown: 1 }, { id: 'x', tenantId: 'x', state: 'active' }];
  test.each(withBody)('$name', async ({ method, path, scheme }) => {
    for (const payload of hostile) {
      const answer = await app.inject({
        method,
        url: withId(path),
        headers: { ...CREDENTIALS[scheme], 'content-type': 'application/json' },
        payload: JSON.stringify(payload),
      });
      expect(answer.statusCode, JSON.stringify(payload)).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'invalid_request' });
    }
    // An omitted POST body counts as an empty object. A PATCH needs its body.
    const [absent, empty] = await Promise.all(
      ['', '{}'].map((sent) =>
        app.inject({
          method,
          url: withId(path),
          headers: { ...CREDENTIALS[scheme], 'content-type': 'application/json' },
          payload: sent,
        }),
      ),
    );
    expect(absent?.statusCode).toBe(method === 'POST' ? empty?.statusCode : 400);
    const text = await app.inject({
      method,
      url: withId(path),
      headers: { ...CREDENTIALS[scheme], 'content-type': 'text/plain' },
      payload: '{}',
    });
    expect(text.statusCode).toBe(415);
  });
});

describe('an invalid id is refused', () => {
  test.each(withParameter)('$name', async ({ method, path, scheme }) => {
    for (const id of ['x', '1', "'%20OR%201=1", '%00', '..%2f..']) {
      const answer = await app.inject({
        method,
        url: path.replaceAll(/\{\w+\}/g, id),
        headers: CREDENTIALS[scheme] ?? {},
      });
      expect(answer.statusCode, id).toBe(400);
    }
  });
});

describe('an unsupported method is refused, with the supported ones', () => {
  test.each([...new Set(operations.map(({ path }) => path))])('%s', async (path) => {
    const answer = await app.inject({ method: 'PUT', url: withId(path) });
    expect(answer.statusCode).toBe(405);
    const known = String(answer.headers.allow)
      .split(', ')
      .filter((method) => method !== 'HEAD');
    expect(known.sort()).toEqual(
      Object.keys(paths[path] ?? {})
        .map((method) => method.toUpperCase())
        .sort(),
    );
  });
});
