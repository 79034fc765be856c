import { CVaultError, type ErrorCode, ERRORS } from '../errors.ts';
import { describe, expect, test } from 'vitest';
import { problemOf, statusOfCode, toCVaultError } from './problem.ts';

const place = { requestId: 'request-1', path: '/api/v1/devices', publicUrl: '' };
const noTranslation = () => null;

test('every code has a status that a client can act on', () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status, body, headers } = problemOf(new CVaultError(code, 'Because.'), place);
    expect(status).toBe(statusOfCode(code));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toEqual({
      type: `/docs/errors#${code}`,
      title: ERRORS[code].title,
      status,
      detail: 'Because.',
      instance: '/api/v1/devices',
      code,
      requestId: 'request-1',
    });
    expect('retry-after' in headers, code).toBe(status === 429 || status === 503);
    expect('www-authenticate' in headers, code).toBe(status === 401);
  }
});

test('faults, a known wait and the public address are passed on', () => {
  const error = new CVaultError('rate_limited', 'Slow down.', {
    faults: [{ pointer: '/x', message: 'y' }],
    retryAfterSeconds: 12.2,
  });
  const { headers, body } = problemOf(error, { ...place, publicUrl: 'https://vpn.acme.dev' });
  expect(headers['retry-after']).toBe('13');
  expect(body.errors).toEqual([{ pointer: '/x', message: 'y' }]);
  expect(body.type).toBe('https://vpn.acme.dev/docs/errors#rate_limited');
});

describe('any other thrown value', () => {
  const fastifyError = (code: string, statusCode: number, message: string) =>
    Object.assign(new Error(message), { code, statusCode });

  test.each([
    ['FST_ERR_CTP_BODY_TOO_LARGE', 413, 'body_too_large'],
    ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 415, 'unsupported_media_type'],
    ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400, 'malformed_body'],
    ['FST_ERR_NOT_FOUND', 404, 'no_such_route'],
    ['ANYTHING_ELSE', 400, 'malformed_body'],
    ['FST_ERR_RESPONSE_SERIALIZATION', 500, 'internal'],
  ])('%s is %i %s', (code, statusCode, expected) => {
    const error = toCVaultError(fastifyError(code, statusCode, 'canary'), noTranslation);
    expect(error.code).toBe(expected);
    expect(error.message).not.toContain('canary');
  });

  test.each([
    new Error('canary at /srv/cvault'),
    'canary',
    undefined,
    null,
    { statusCode: 400, message: 'canary' },
  ])('is ours, and says nothing: %j', (thrown) => {
    const error = toCVaultError(thrown, noTranslation);
    expect(problemOf(error, place).status).toBe(500);
    expect(JSON.stringify(problemOf(error, place).body)).not.toContain('canary');
    expect(error.cause).toBe(thrown);
  });

  test('a driver’s error is translated by the driver’s folder', () => {
    const translate = () => new CVaultError('unavailable', 'Not now.');
    expect(toCVaultError(new Error('x'), translate).code).toBe('unavailable');
    expect(toCVaultError(new CVaultError('not_found', 'x'), translate).code).toBe('not_found');
  });
});
