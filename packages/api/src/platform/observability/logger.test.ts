import { Secret } from '../crypto/secret.ts';
import { expect, test } from 'vitest';
import { createLogger, scrub } from './logger.ts';
import { keepLines } from '../../testing/log-lines.ts';

function logged(write: (log: ReturnType<typeof createLogger>) => void): string {
  const { destination, text } = keepLines();
  write(createLogger('trace', destination));
  return text();
}

test('a secret is never printed', () => {
  const secret = new Secret('canary-1');
  const text = logged((log) => {
    log.info({ secret, deep: { list: [secret] } }, `text ${String(secret)}`);
    log.error({ err: new Error('x', { cause: new Error(String(secret)) }) }, 'failed');
  });
  expect(text).not.toContain('canary-1');
  expect(text).toContain('[redacted]');
});

test('an error is printed with its causes and no other properties', () => {
  const cause = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (email)=(canary-2@example.com) already exists.',
    parameters: ['canary-3'],
    where: 'canary-4',
  });
  const text = logged((log) => log.error({ err: new Error('failed', { cause }) }, 'failed'));
  expect(JSON.parse(text)).toMatchObject({
    level: 'error',
    err: { type: 'Error', message: 'failed', cause: { message: 'duplicate key', code: '23505' } },
  });
  expect(text).not.toMatch(/canary-[234]/);
});

test('a request or a response is not printed', () => {
  const text = logged((log) =>
    log.info({ req: { headers: { authorization: 'canary-5' } }, res: { body: 'canary-6' } }),
  );
  expect(text).not.toContain('canary');
});

test('endless chains of causes are cut off', () => {
  const error = new Error('a');
  error.cause = error;
  expect(logged((log) => log.error({ err: error }))).toContain('"a"');
});

test('text in the shape of our secrets is redacted', () => {
  const texts = [
    'key cv_live_abcdefGHIJ_-123 is wrong',
    'got cv_rt_abcdef',
    'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    // secretlint-disable-next-line -- made up
    'connect postgresql://cvault:hunter2canary@db:5432/x failed',
    'PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----',
  ];
  const scrubbed = texts.map(scrub).join('\n');
  expect(scrubbed).not.toMatch(/abcdef|eyJ|hunter2|yAnz5|b3Blbn/);
  expect(scrubbed).toContain('@db:5432/x failed');
});
