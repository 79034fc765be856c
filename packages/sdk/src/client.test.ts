import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CVaultProblem, CVaultUnreachable, bodyOf, createCVaultClient } from './index.ts';
import { renderTypes } from '../generate.mjs';

function clientThatGets(response: () => Response | Promise<Response>) {
  const requests: Request[] = [];
  const client = createCVaultClient({
    baseUrl: 'http://api.test',
    apiKey: 'cv_test_x',
    accessToken: 'token',
    fetch: (request) => {
      requests.push(request);
      return Promise.resolve(response());
    },
  });
  return { client, requests };
}

test('the types match openapi.json: node packages/sdk/generate.mjs', async () => {
  expect(await readFile(new URL('generated/api.ts', import.meta.url), 'utf8')).toBe(await renderTypes());
});

test('a call carries the credentials and returns the body', async () => {
  const { client, requests } = clientThatGets(() => Response.json({ devices: [], totalCount: 0 }));
  expect(await bodyOf(client.GET('/api/v1/devices'))).toEqual({ devices: [], totalCount: 0 });
  expect(requests[0]?.url).toBe('http://api.test/api/v1/devices');
  expect(requests[0]?.headers.get('x-api-key')).toBe('cv_test_x');
  expect(requests[0]?.headers.get('authorization')).toBe('Bearer token');
});

test('a problem is thrown with all of its fields', async () => {
  const problem = {
    type: 'about:blank',
    title: 'The request is not valid',
    status: 400,
    detail: 'deviceName is missing',
    instance: '/api/v1/devices',
    code: 'invalid_request',
    requestId: 'r1',
    errors: [{ pointer: '/deviceName', message: 'is missing' }],
  };
  const { client } = clientThatGets(
    () =>
      new Response(JSON.stringify(problem), {
        status: 400,
        headers: { 'content-type': 'application/problem+json; charset=utf-8' },
      }),
  );
  const thrown = await client
    .POST('/api/v1/devices', { body: { deviceName: '' } })
    .catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(CVaultProblem);
  expect(thrown).toMatchObject({
    status: 400,
    code: 'invalid_request',
    detail: 'deviceName is missing',
    message: 'deviceName is missing',
    requestId: 'r1',
    errors: [{ pointer: '/deviceName', message: 'is missing' }],
  });
});

test.each([
  ['a proxy’s page', new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } })],
  [
    'a cut-off problem',
    new Response('{"co', { status: 502, headers: { 'content-type': 'application/problem+json' } }),
  ],
  ['nothing', new Response(null, { status: 502 })],
])('%s instead of a problem is one, too', async (_name, response) => {
  const { client } = clientThatGets(() => response);
  await expect(client.GET('/health')).rejects.toMatchObject({
    name: 'CVaultProblem',
    status: 502,
    code: 'unknown',
  });
});

test('a missing answer differs from a refusal', async () => {
  const { client } = clientThatGets(() => Promise.reject(new TypeError('fetch failed')));
  await expect(client.GET('/health')).rejects.toBeInstanceOf(CVaultUnreachable);
});
