import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import { CVaultError } from '../errors.ts';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createInProcessRateLimiter } from '../limits/in-process.ts';
import { bareApp, fakeAuthenticator } from '../../testing/bare-app.ts';
import type { AppOptions } from './app.ts';
import { Name } from './schemas/name.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const open = { schema: { hide: true }, config: { access: 'public', act: null, limit: 'read' } as const };

function routes(app: FastifyInstance): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/things',
    {
      ...open,
      schema: {
        hide: true,
        body: z.strictObject({ name: Name }),
        response: { 200: z.object({ name: z.string() }) },
      },
    },
    (request) => ({ name: request.body.name, privateKey: 'canary-undeclared' }),
  );
  typed.get(
    '/things/:id',
    { ...open, schema: { hide: true, params: z.strictObject({ id: z.uuid() }) } },
    () => ({ ok: true }),
  );
  app.post('/bare', open, () => ({ ok: true }));
  app.get('/broken', open, () => {
    throw new Error('canary-broken in /srv/cvault/secret.ts', { cause: new Error('canary-cause') });
  });
  app.get('/refused', open, () => {
    throw new CVaultError('state_conflict', 'It is in another state.', {
      cause: new Error('canary-for-operators'),
    });
  });
  app.get('/ip', open, (request) => ({ ip: request.ip }));
}

let app: FastifyInstance;
let logs: () => string;
beforeAll(async () => {
  ({ app, logs } = await bareApp(routes));
});
afterAll(() => app.close());

const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/things', payload, headers });
const JSON_TYPE = { 'content-type': 'application/json' };

describe('every answer', () => {
  test('carries our own request id, even if the caller sends one', async () => {
    const answer = await app.inject({
      url: '/nowhere',
      headers: { 'x-request-id': 'mine', 'request-id': 'mine' },
    });
    expect(answer.headers['x-request-id']).toMatch(UUID);
    expect(answer.json<{ requestId: string }>().requestId).toBe(answer.headers['x-request-id']);
  });

  test('is not cached and cannot be framed', async () => {
    for (const url of ['/nowhere', '/ip', '/broken']) {
      const { headers } = await app.inject({ url });
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });

  test('holds what its schema declares, and nothing else', async () => {
    expect((await post('{"name":"phone"}', JSON_TYPE)).json()).toEqual({ name: 'phone' });
  });
});

describe('unknown routes', () => {
  test('an unknown path: 404', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/nowhere?token=canary-query',
      payload: { a: 1 },
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'no_such_route', instance: '/nowhere' });
  });

  test('a known path with an unknown method: 405 with the allowed methods', async () => {
    const answer = await app.inject({ method: 'DELETE', url: '/things' });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('POST');
    expect(answer.json()).toMatchObject({ code: 'method_not_allowed' });
    const read = await app.inject({ method: 'PUT', url: '/things/x', payload: '{', headers: JSON_TYPE });
    expect(read.headers.allow).toBe('GET, HEAD');
    expect(read.statusCode).toBe(405);
  });

  test('an invalid path: 400', async () => {
    const answer = await app.inject({ url: '/things/%ZZ' });
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['x-request-id']).toMatch(UUID);
  });

  test.each(['not-a-uuid', '1', '%00', '..%2F..%2Fetc%2Fpasswd', "1'%20OR%20'1'='1", 'x'.repeat(5_000)])(
    'an id that is none: %s',
    async (id) => {
      const answer = await app.inject({ url: `/things/${id}` });
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ code: 'invalid_request' });
    },
  );
});

describe('bodies', () => {
  test.each([
    ['nothing', ''],
    ['no object', '"x"'],
    ['an array', '[{"name":"x"}]'],
    ['null', 'null'],
    ['an unknown field', '{"name":"x","admin":true}'],
    ['a wrong type', '{"name":{"contains":""}}'],
    ['a missing field', '{}'],
    ['a line end in a name', '{"name":"x\\nPostUp = id"}'],
    ['a NUL in a name', '{"name":"x\\u0000"}'],
    ['a direction mark in a name', '{"name":"x\\u202E"}'],
    ['a name of 10,000 characters', JSON.stringify({ name: 'x'.repeat(10_000) })],
    ['a lone surrogate', '{"name":"\\ud800"}'],
    ['a prototype', '{"name":"x","__proto__":{"admin":true}}'],
    ['a constructor', '{"name":"x","constructor":{"prototype":{"admin":true}}}'],
  ])('%s: 400 with pointers', async (_name, payload) => {
    const answer = await post(payload, JSON_TYPE);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: expect.any(String) as string }],
    });
  });

  test.each([
    ['half an object', '{"name":"canary'],
    ['two objects', '{"name":"x"}{"name":"y"}'],
    ['single quotes', "{'name':'canary'}"],
    ['a comment', '{"name":"x"} // canary'],
    ['NaN', '{"name":NaN}'],
    ['XML', '<name>canary</name>'],
  ])('%s: 400, and nothing of it is repeated', async (_name, payload) => {
    const answer = await post(payload, JSON_TYPE);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'malformed_body', detail: 'The body is not JSON.' });
    expect(answer.body).not.toContain('canary');
  });

  test('invalid UTF-8: 400', async () => {
    const latin1 = Buffer.from('{"name":"Zo\u00eb"}', 'latin1');
    expect((await post(latin1, JSON_TYPE)).json()).toMatchObject({ code: 'malformed_body' });
    const utf16 = Buffer.from('{"name":"x"}', 'utf16le');
    expect((await post(utf16, JSON_TYPE)).statusCode).toBe(400);
  });

  test('20,000 brackets: 400, and the process survives', async () => {
    expect((await post('['.repeat(20_000) + ']'.repeat(20_000), JSON_TYPE)).statusCode).toBe(400);
    expect((await post('{"a":'.repeat(10_000), JSON_TYPE)).statusCode).toBe(400);
  });

  test('10 MB: 413', async () => {
    const answer = await post(JSON.stringify({ name: 'x'.repeat(10 * 1024 * 1024) }), JSON_TYPE);
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toMatchObject({ code: 'body_too_large' });
  });

  test('the limit is exact', async () => {
    const sized = (bytes: number) => post('{"name":"x"}'.padEnd(bytes, ' '), JSON_TYPE);
    expect((await sized(64 * 1024)).statusCode).toBe(200);
    expect((await sized(64 * 1024 + 1)).statusCode).toBe(413);
  });

  test('a route without a body refuses one, and ignores the Content-Type header', async () => {
    for (const headers of [{}, JSON_TYPE]) {
      expect((await app.inject({ method: 'POST', url: '/bare', headers })).statusCode).toBe(200);
    }
  });
});

describe('Content-Type', () => {
  const bad = '{"name":1}';
  const good = '{"name":"x"}';

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json; charset="utf-8"',
    'APPLICATION/JSON',
    'application/json ; charset=utf8',
  ])('taken, and validated: %s', async (type) => {
    expect((await post(good, { 'content-type': type })).statusCode).toBe(200);
    expect((await post(bad, { 'content-type': type })).statusCode).toBe(400);
  });

  const ODD = [
    'text/plain',
    'text/html',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/octet-stream',
    'application/problem+json',
    'application/vnd.api+json',
    'application/jsonp',
    'application/json5',
    'application/jsonx',
    'application/json-seq',
    'application/json, text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/json; charset=utf-7',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json; boundary=x',
    'application/json;;',
    'application/json,',
    'application /json',
    'application/ json',
    'application//json',
    'application',
    'json',
    '/json',
    '*/*',
    'application/*',
    'application/json\u00a0',
    '\tapplication/json\t; x',
    ';application/json',
    ' ',
    'a'.repeat(5_000),
  ];
  test.each(ODD)('refused: %s', async (type) => {
    for (const payload of [good, bad]) {
      const answer = await post(payload, { 'content-type': type });
      expect(answer.statusCode).toBe(415);
      expect(answer.json()).toMatchObject({ code: 'unsupported_media_type' });
    }
  });

  test('none at all: refused', async () => {
    const answer = await app.inject({ method: 'POST', url: '/things', payload: Buffer.from(good) });
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toMatchObject({ code: 'unsupported_media_type' });
  });
});

describe('failures', () => {
  test('of ours: 500, with the cause only in the log', async () => {
    const answer = await app.inject({ url: '/broken' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch(/canary|srv|Error:/);
    const { requestId } = answer.json<{ requestId: string }>();
    const line = logs()
      .split('\n')
      .find((text) => text.includes(requestId) && text.includes('canary-broken'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      level: 'error',
      err: { cause: { message: 'canary-cause' } },
    });
  });

  test('of the caller: the cause only in the log, at info', async () => {
    const answer = await app.inject({ url: '/refused' });
    expect(answer.statusCode).toBe(409);
    expect(answer.body).not.toContain('canary');
    const line = logs()
      .split('\n')
      .find((text) => text.includes('canary-for-operators'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'info', code: 'state_conflict' });
  });
});

describe('the log', () => {
  test('has one line per request, with the route pattern instead of the path', async () => {
    const id = '0b9b1f6e-5a1c-4a8f-9d51-3c5e0d6c2f10';
    const answer = await app.inject({
      url: `/things/${id}?apiKey=canary-in-query`,
      headers: { authorization: 'Bearer canary-token', 'x-api-key': 'canary-key', cookie: 'canary-cookie' },
    });
    const requestId = String(answer.headers['x-request-id']);
    const lines = logs()
      .split('\n')
      .filter((line) => line.includes(requestId));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines.join())).toMatchObject({
      method: 'GET',
      route: '/things/:id',
      status: 200,
      msg: 'request',
    });
    expect(logs()).not.toMatch(/canary-(in-query|token|key|cookie|undeclared)/);
    expect(logs()).not.toContain(id);
  });
});

describe('behind proxies', () => {
  const forwarded = (trusting: FastifyInstance, remoteAddress: string, header: string) =>
    trusting
      .inject({ url: '/ip', remoteAddress, headers: { 'x-forwarded-for': header } })
      .then((answer) => answer.json<{ ip: string }>().ip);

  test('X-Forwarded-For is trusted only from configured proxies', async () => {
    expect(await forwarded(app, '10.0.0.1', '198.51.100.7')).toBe('10.0.0.1');
    const { app: trusting } = await bareApp(routes, { trustProxy: ['10.0.0.0/8'] });
    expect(await forwarded(trusting, '10.0.0.1', '198.51.100.7')).toBe('198.51.100.7');
    expect(await forwarded(trusting, '203.0.113.9', '198.51.100.7')).toBe('203.0.113.9');
    // Some load balancers add ports and brackets.
    expect(await forwarded(trusting, '10.0.0.1', '203.0.113.61:40001')).toBe('203.0.113.61');
    expect(await forwarded(trusting, '10.0.0.1', '[2001:db8::1]:443, 10.0.0.2:3128')).toBe('2001:db8::1');
    // Entries that the client itself put in front are ignored.
    expect(await forwarded(trusting, '10.0.0.1', '1.1.1.1, 198.51.100.7')).toBe('198.51.100.7');
    await trusting.close();
  });
});

describe('CORS', () => {
  const preflight = (target: FastifyInstance, origin: string) =>
    target.inject({
      method: 'OPTIONS',
      url: '/things',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  test('none by default', async () => {
    const answer = await preflight(app, 'https://app.acme.dev');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('only configured origins', async () => {
    const { app: shared } = await bareApp(routes, { corsOrigins: ['https://app.acme.dev'] });
    const answer = await preflight(shared, 'https://app.acme.dev');
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.acme.dev');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    for (const origin of [
      'https://evil.test',
      'https://app.acme.dev.evil.test',
      'null',
      'http://app.acme.dev',
    ]) {
      const other = await preflight(shared, origin);
      expect(other.headers['access-control-allow-origin'], origin).not.toBe(origin);
      expect(other.headers['access-control-allow-origin'], origin).not.toBe('*');
    }
    await shared.close();
  });
});

describe('CORS for apps and wildcards', () => {
  const PREFLIGHT = { 'access-control-request-method': 'POST' };

  test.each([
    ['https://*.acme.dev', 'https://app.acme.dev', true],
    ['https://*.acme.dev', 'https://a.b.acme.dev', true],
    ['https://*.acme.dev', 'https://acme.dev', false],
    ['https://*.acme.dev', 'https://evilacme.dev', false],
    ['https://*.acme.dev', 'https://app.acme.dev.evil.test', false],
    ['https://*.acme.dev', 'https://appxacmexdev', false],
    ['https://*.acme.dev', 'http://app.acme.dev', false],
    ['https://*.acme.dev', 'https://app.acme.dev:8443', false],
    ['capacitor://localhost', 'capacitor://localhost', true],
    ['capacitor://localhost', 'capacitor://localhost.evil.test', false],
  ])('%s lets %s in: %s', async (allowed, origin, isLetIn) => {
    const { app: shared } = await bareApp(routes, { corsOrigins: [allowed] });
    const expected = isLetIn ? origin : undefined;
    const answers = [
      { method: 'OPTIONS' as const, url: '/things', headers: { origin, ...PREFLIGHT } },
      { url: '/ip', headers: { origin } },
      // Answers that no handler produces.
      { url: '/nowhere', headers: { origin } },
      { url: '/things/%ZZ', headers: { origin } },
      { method: 'DELETE' as const, url: '/things', headers: { origin } },
    ];
    for (const request of answers) {
      const answer = await shared.inject(request);
      expect(answer.headers['access-control-allow-origin'], request.url).toBe(expected);
      expect(answer.headers['x-request-id'], request.url).toMatch(UUID);
    }
    await shared.close();
  });

  test('a preflight may ask for the tracing headers of browsers', async () => {
    const { app: shared } = await bareApp(routes, { corsOrigins: ['https://app.acme.dev'] });
    const answer = await shared.inject({
      method: 'OPTIONS',
      url: '/things',
      headers: { origin: 'https://app.acme.dev', ...PREFLIGHT },
    });
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    expect(allowed).toEqual(expect.arrayContaining(['traceparent', 'tracestate', 'x-api-key']));
    await shared.close();
  });
});

describe('words', () => {
  test.each([
    ['null', '/', 'must be a JSON object'],
    ['{}', '/name', 'is missing'],
    ['{"name":null}', '/name', 'must be a text'],
    ['{"name":1}', '/name', 'must be a text'],
    ['{"name":"x","nam":1}', '/nam', 'is not known here; did you mean `name`?'],
    ['{"name":"x","whatever":1}', '/whatever', 'is not known here'],
  ])('%s', async (body, pointer, message) => {
    const { errors } = (await post(body, JSON_TYPE)).json<{ errors: object[] }>();
    expect(errors).toEqual([{ pointer: pointer === '/' ? '' : pointer, message }]);
  });

  test('a trailing slash: 404 that names the path without it', async () => {
    for (const url of ['/things/', '/things/?x=1']) {
      const answer = await app.inject({ url });
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({
        code: 'no_such_route',
        detail: expect.stringMatching(/: \/things$/) as string,
      });
    }
    const nowhere = await app.inject({ url: '/nonesuch/' });
    expect(nowhere.json()).toMatchObject({ code: 'no_such_route', detail: 'There is no such route.' });
  });
});

describe('a public URL with a path', () => {
  test('appears in the API’s documents, and requests may include its path or not', async () => {
    const { app: below } = await bareApp(
      (routes) => {
        routes.post('/made', open, (_request, reply) =>
          reply.code(201).header('location', '/made/1').send({}),
        );
      },
      { publicUrl: 'https://example.org/vpn' },
    );
    for (const url of ['/made', '/vpn/made']) {
      const answer = await below.inject({ method: 'POST', url });
      expect(answer.statusCode).toBe(201);
      expect(answer.headers.location).toBe('/vpn/made/1');
    }
    const page = (await below.inject('/docs')).body;
    expect(page).toContain('"/vpn/docs/static/swagger-ui-bundle.js"');
    expect((await below.inject('/vpn/docs/static/swagger-ui-bundle.js')).statusCode).toBe(200);
    expect((await below.inject('/openapi.json')).json<{ servers: unknown }>().servers).toEqual([
      { url: 'https://example.org/vpn' },
    ]);
    expect((await below.inject('/nowhere')).json()).toMatchObject({
      type: 'https://example.org/vpn/docs/errors#no_such_route',
      instance: '/vpn/nowhere',
    });
    await below.close();
  });

  test('appears in answers to unreadable bytes, too', async () => {
    const { app: below } = await bareApp(routes, { publicUrl: 'https://example.org/vpn' });
    await below.listen({ port: 0, host: '127.0.0.1' });
    const { port } = below.server.address() as AddressInfo;
    for (const path of ['/things', '/vpn/things']) {
      const socket = connect(port, '127.0.0.1');
      let said = '';
      socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
      socket.on('error', () => undefined);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n`);
      await once(socket, 'close');
      expect(said).toContain('"instance":"/vpn/things"');
      expect(said).toContain('https://example.org/vpn/docs/errors#invalid_request');
    }
    await below.close();
  });
});

describe('the documentation', () => {
  test.each([
    '/docs/static/../..',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/%2e%2e/%2e%2e',
    '/docs/static/nothing',
    '/docs/static/%00',
    '/docs/static/index.html%00',
    '/docs/static/a%2fb',
    `/docs/static/${'a'.repeat(5_000)}`,
  ])('has no file %s: 404, and no fault of ours', async (url) => {
    const { app: own, logs: ownLogs } = await bareApp(routes);
    const answer = await own.inject({ url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ code: 'no_such_route' });
    expect(ownLogs()).not.toContain('stack');
    await own.close();
  });

  test('is served, and runs only its own scripts', async () => {
    for (const url of [
      '/docs',
      '/docs/',
      '/docs/static/swagger-ui-bundle.js',
      '/docs/errors',
      '/openapi.json',
    ]) {
      expect((await app.inject({ url })).statusCode, url).toBe(200);
    }
    const page = await app.inject({ url: '/docs' });
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(page.body).not.toMatch(/<script>(?!<)|<script(?! src=)|<style/);
    expect(page.body).not.toMatch(/https?:\/\//);
  });
});

describe('rate limits', () => {
  async function limited(limiter: RateLimiter, over: Partial<AppOptions> = {}) {
    const config = { access: 'tenant', scope: 'app', act: null, limit: 'auth' } as const;
    const started = await bareApp(
      (routes) => {
        routes.post('/a', { schema: { hide: true }, config }, () => ({ ok: true }));
        routes.post('/b', { schema: { hide: true }, config }, () => ({ ok: true }));
        const user = { access: 'user', scope: 'app', act: null, limit: 'read' } as const;
        routes.get('/mine', { schema: { hide: true }, config: user }, () => ({ ok: true }));
        routes.get('/costly', { schema: { hide: true }, config: { ...user, limit: 'costly' } }, () => ({
          ok: true,
        }));
        const open = { access: 'public', act: null, limit: 'none' } as const;
        routes.get('/probe', { schema: { hide: true }, config: open }, () => ({ ok: true }));
        const admin = { access: 'admin', act: null, limit: 'read' } as const;
        routes.get('/platform', { schema: { hide: true }, config: admin }, () => ({ ok: true }));
      },
      { limiter, ...over },
    );
    const send = (url: string, apiKey = 'key', remoteAddress = '198.51.100.7') =>
      started.app.inject({ method: 'POST', url, remoteAddress, headers: { 'x-api-key': apiKey } });
    return { ...started, send };
  }

  test('count per tenant and client over all routes, and report what is left', async () => {
    const { app: target, send } = await limited(createInProcessRateLimiter());
    const first = await send('/a');
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"auth";q=3;w=60, "key";q=60000;w=60, "tenant";q=60000;w=60',
      ratelimit: '"auth";r=2;t=60, "key";r=59999;t=60, "tenant";r=59999;t=60',
    });
    await send('/b');
    expect((await send('/a')).statusCode).toBe(200);
    const refused = await send('/b');
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: 'rate_limited' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(refused.headers.ratelimit).toMatch(/^"auth";r=0;t=\d+$/);
    // Other clients and tenants are unaffected.
    expect((await send('/a', 'other')).statusCode).toBe(200);
    expect((await send('/a', 'key', '198.51.100.8')).statusCode).toBe(200);
    await target.close();
  });

  test('a /64 of IPv6 addresses is one client', async () => {
    const { app: target, send } = await limited(createInProcessRateLimiter());
    for (let host = 1; host <= 3; host++) {
      expect((await send('/a', 'key', `2001:db8:1:2::${host}`)).statusCode).toBe(200);
    }
    expect((await send('/a', 'key', '2001:db8:1:2:ffff::9')).statusCode).toBe(429);
    expect((await send('/a', 'key', '2001:db8:1:3::1')).statusCode).toBe(200);
    await target.close();
  });

  const mine = (target: FastifyInstance, url: string, headers: object = {}) =>
    target.inject({
      url,
      remoteAddress: '10.0.0.1',
      headers: { 'x-api-key': 'key', authorization: 'Bearer token', ...headers },
    });

  test('tenant, key, user and client each have a limit; costly routes have a lower one', async () => {
    const policy = { passwordLengthMin: 12, authRateLimit: 3, authRateWindowSeconds: 60 };
    const high = {
      tenantRateLimit: 1_000,
      keyRateLimit: 1_000,
      userRateLimit: 1_000,
      clientRateLimit: 1_000,
    };
    for (const [layer, limits] of [
      ['tenant', { ...high, tenantRateLimit: 2 }],
      ['key', { ...high, keyRateLimit: 2 }],
      ['user', { ...high, userRateLimit: 2 }],
      ['client', { ...high, clientRateLimit: 2 }],
    ] as const) {
      const authenticator = {
        ...fakeAuthenticator,
        user: async (...given: Parameters<typeof fakeAuthenticator.user>) => ({
          ...(await fakeAuthenticator.user(...given)),
          policy: { ...policy, ...limits },
        }),
      };
      const { app: target } = await limited(createInProcessRateLimiter(), { authenticator });
      for (let time = 0; time < 2; time++) expect((await mine(target, '/mine')).statusCode).toBe(200);
      const refused = await mine(target, '/mine');
      expect(refused.json(), layer).toMatchObject({
        code: 'rate_limited',
        detail: expect.stringContaining(`(${layer})`) as string,
      });
      await target.close();
    }
    const { app: target } = await limited(createInProcessRateLimiter());
    expect((await mine(target, '/costly')).headers['ratelimit-policy']).toMatch(
      /^"costly";q=300;w=60, "user";/,
    );
    await target.close();
  });

  test('only a trusted proxy can change the client’s address by a header', async () => {
    const seen: string[] = [];
    const counting: RateLimiter = {
      consume: (key) => {
        if (key.startsWith('client:')) seen.push(key);
        return Promise.resolve({ allowed: true, remaining: 1, resetSeconds: 1 });
      },
    };
    const claims = ['198.51.100.1', '198.51.100.2', '::1', 'x'].map((claimed) => ({
      'x-forwarded-for': claimed,
    }));
    const { app: target } = await limited(counting);
    for (const claim of claims) await mine(target, '/mine', claim);
    expect(new Set(seen).size).toBe(1);
    await target.close();
    seen.length = 0;
    const trusting = await limited(counting, { trustProxy: ['10.0.0.1'] });
    for (const claim of claims.slice(0, 2)) await mine(trusting.app, '/mine', claim);
    expect(new Set(seen).size).toBe(2);
    await trusting.app.close();
  });

  test('probes are not counted', async () => {
    const none: RateLimiter = {
      consume: () => Promise.resolve({ allowed: false, remaining: 0, resetSeconds: 9 }),
    };
    const { app: target } = await limited(none);
    expect((await target.inject('/probe')).statusCode).toBe(200);
    expect((await mine(target, '/mine')).statusCode).toBe(429);
    await target.close();
  });

  /** Replaces every layer's limit by `limit`. */
  function narrow(limit: number): RateLimiter {
    const limiter = createInProcessRateLimiter();
    return { consume: (key, { windowSeconds }) => limiter.consume(key, { limit, windowSeconds }) };
  }

  test('a client over its own limit uses none of the key’s and the tenant’s', async () => {
    const counted = new Map<string, number>();
    const limiter = createInProcessRateLimiter();
    const counting: RateLimiter = {
      consume: (key, rate) => {
        counted.set(key, (counted.get(key) ?? 0) + 1);
        return limiter.consume(key, rate);
      },
    };
    const { app: target, send } = await limited(counting);
    for (let time = 0; time < 50; time++) await send('/a');
    expect(Object.fromEntries(counted)).toEqual({
      'auth:tenant-of-key:198.51.100.7': 50,
      'key:tenant-of-key:key-1': 3,
      'tenant:tenant-of-key:': 3,
    });
    expect((await send('/a', 'key', '198.51.100.8')).statusCode).toBe(200);
    await target.close();
  });

  test.each<[string, InjectOptions, number]>([
    ['no route', { url: '/nowhere' }, 404],
    ['another method', { method: 'PUT', url: '/a' }, 405],
    ['a slash too many', { method: 'POST', url: '/a/', headers: { 'x-api-key': 'key' } }, 404],
    ['a HEAD of no route', { method: 'HEAD', url: '/nowhere' }, 404],
    ['the documentation', { url: '/docs' }, 200],
    ['its document', { url: '/docs/json' }, 200],
    ['the same as YAML', { url: '/docs/yaml' }, 200],
    ['its files', { url: '/docs/static/index.css' }, 200],
    ['the document for tools', { url: '/openapi.json' }, 200],
    ['the codes', { url: '/docs/errors' }, 200],
    [
      'a preflight',
      {
        method: 'OPTIONS',
        url: '/a',
        headers: { origin: 'https://app.acme.dev', 'access-control-request-method': 'POST' },
      },
      204,
    ],
    ['no key', { method: 'POST', url: '/a' }, 401],
    ['a wrong key', { method: 'POST', url: '/a', headers: { 'x-api-key': 'stranger' } }, 401],
    ['a wrong token', { url: '/mine', headers: { 'x-api-key': 'key', authorization: 'Bearer wrong' } }, 401],
    ['a wrong admin key', { url: '/platform', headers: { authorization: 'Bearer wrong' } }, 401],
  ])('strangers are counted by client, and nobody else is: %s', async (_what, request, status) => {
    const { app: target, send } = await limited(narrow(5), { corsOrigins: ['https://app.acme.dev'] });
    const stranger = (remoteAddress: string) => target.inject({ ...request, remoteAddress });
    for (let time = 0; time < 5; time++) {
      expect((await stranger('198.51.100.7')).statusCode).toBe(status);
    }
    const refused = await stranger('198.51.100.7');
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    // Other strangers, tenants at the same address and the operator are unaffected.
    expect((await stranger('198.51.100.8')).statusCode).toBe(status);
    expect((await send('/a')).statusCode).toBe(200);
    const operator = { url: '/platform', remoteAddress: '198.51.100.7' };
    expect(
      (await target.inject({ ...operator, headers: { authorization: 'Bearer admin' } })).statusCode,
    ).toBe(200);
    await target.close();
  });
});

describe('on a socket', () => {
  let port: number;
  let target: FastifyInstance;
  let targetLogs: () => string;
  beforeAll(async () => {
    ({ app: target, logs: targetLogs } = await bareApp(routes));
    await target.listen({ port: 0, host: '127.0.0.1' });
    ({ port } = target.server.address() as AddressInfo);
  });
  afterAll(() => target.close());

  async function raw(bytes: string): Promise<{ status: number; type: string | undefined; body: string }> {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.write(bytes);
    await once(socket, 'close');
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
    return {
      status: Number(head.split(' ')[1]),
      type: /^content-type: (.*)$/im.exec(head)?.[1],
      body,
    };
  }

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['two lengths', 'POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'],
    [
      'length and chunks',
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx',
    ],
    ['a header with a line end in it', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n'],
    ['headers of 32 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(32 * 1024)}\r\n\r\n`],
  ])('%s: a problem, and the connection ends', async (_name, bytes) => {
    const { status, type, body } = await raw(bytes);
    expect(status).toBe(400);
    expect(type).toBe('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      code: 'invalid_request',
      status: 400,
      requestId: expect.stringMatching(UUID) as string,
    });
  });

  test.each(['/docs/static/../..', '/docs/static/../../', '/docs/static/%2e%2e/..', '/docs/static/..%5c..'])(
    '%s: 404 without a stack',
    async (path) => {
      const before = targetLogs().length;
      const { status, body } = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(status).toBe(404);
      expect(JSON.parse(body)).toMatchObject({ code: 'no_such_route' });
      expect(targetLogs().slice(before)).not.toContain('stack');
    },
  );

  test.each([
    ['a URL of 20 kB', `GET /things?x=${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['headers of 20 kB', `GET /things HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`],
  ])('%s: a problem with all of its members', async (_name, bytes) => {
    const { body } = await raw(bytes);
    expect(JSON.parse(body)).toMatchObject({
      type: expect.stringContaining('#invalid_request') as string,
      title: expect.any(String) as string,
      status: 400,
      detail: 'The URL and the headers of the request are larger than 16 KiB together.',
      instance: '/things',
      requestId: expect.stringMatching(UUID) as string,
    });
  });

  test.each([
    ['is opened and not used', ''],
    ['stops within its headers', 'GET /things?x=1 HTTP/1.1\r\nHost: x\r\n'],
  ])('a connection that %s: 408, and it ends', async (_what, bytes) => {
    // Node checks every five seconds; only the timeout is shortened here.
    const { headersTimeout } = target.server;
    target.server.headersTimeout = 1_000;
    try {
      const { status, type, body } = await raw(bytes);
      expect([status, type]).toEqual([408, 'application/problem+json']);
      expect(JSON.parse(body)).toMatchObject({
        code: 'request_timeout',
        status: 408,
        detail: 'The request did not arrive in time.',
        requestId: expect.stringMatching(UUID) as string,
      });
    } finally {
      target.server.headersTimeout = headersTimeout;
    }
  });

  test('a body that is not as long as it says is not waited for by others', async () => {
    const slow = connect(port, '127.0.0.1');
    slow.write(
      'POST /things HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    const answer = await fetch(`http://127.0.0.1:${port}/ip`);
    expect(answer.status).toBe(200);
    slow.destroy();
  });
});
