import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Secret } from '@cvault/core';
import { describe, expect, test } from 'vitest';
import { createAccessTokens } from './access-tokens.ts';

const SECRET = 'a-signing-key-of-more-than-32-bytes-0123456789';
const claims = { tenantId: randomUUID(), userId: randomUUID(), signInId: randomUUID() };
let now = new Date('2026-01-01T00:00:00Z');
const tokens = createAccessTokens({ secret: new Secret(SECRET), clock: { now: () => now } });

const seconds = () => Math.floor(now.getTime() / 1000);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEADER = { alg: 'HS256', typ: 'at+jwt' };
const payload = () => ({
  iss: 'cvault',
  aud: claims.tenantId,
  sub: claims.userId,
  sid: claims.signInId,
  jti: randomUUID(),
  iat: seconds(),
  exp: seconds() + 900,
});

/** Signs anything with our own secret, as if somebody had got hold of a signing oracle for the wrong purpose. */
function signed(header: object, body: object, hash = 'sha256', secret = SECRET): string {
  const text = `${part(header)}.${part(body)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}

test('a token says for whom it is, for 15 minutes', async () => {
  const token = await tokens.issue(claims);
  expect(await tokens.verify(token.reveal())).toEqual(claims);
  expect(await tokens.verify(signed(HEADER, payload()))).toEqual(claims);
  const issued = now;
  now = new Date(issued.getTime() + 899_000);
  expect(await tokens.verify(token.reveal())).toEqual(claims);
  now = new Date(issued.getTime() + 900_000);
  expect(await tokens.verify(token.reveal())).toBeNull();
  now = issued;
});

test('a token that was verified before expires all the same, and another one like it is checked anew', async () => {
  const token = (await tokens.issue(claims)).reveal();
  const forged = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
  expect(await tokens.verify(token)).toEqual(claims);
  expect(await tokens.verify(forged)).toBeNull();
  const issued = now;
  now = new Date(issued.getTime() + 900_000);
  expect(await tokens.verify(token)).toBeNull();
  now = issued;
});

describe('refused', () => {
  const without = (name: string) =>
    Object.fromEntries(Object.entries(payload()).filter(([key]) => key !== name));
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const asymmetric = () => {
    const text = `${part({ alg: 'RS256', typ: 'at+jwt' })}.${part(payload())}`;
    return `${text}.${sign('sha256', Buffer.from(text), rsa.privateKey).toString('base64url')}`;
  };
  const good = () => signed(HEADER, payload());
  const cases: [string, () => string][] = [
    ['nothing', () => ''],
    ['no token', () => 'x.y.z'],
    ['alg none, unsigned', () => `${part({ ...HEADER, alg: 'none' })}.${part(payload())}.`],
    ['alg None', () => `${part({ ...HEADER, alg: 'None' })}.${part(payload())}.`],
    ['alg none with a signature', () => signed({ ...HEADER, alg: 'none' }, payload())],
    ['no alg', () => signed({ typ: 'at+jwt' }, payload())],
    ['HS384, rightly signed', () => signed({ ...HEADER, alg: 'HS384' }, payload(), 'sha384')],
    ['HS512, rightly signed', () => signed({ ...HEADER, alg: 'HS512' }, payload(), 'sha512')],
    ['RS256 with a key of its own', asymmetric],
    [
      'a key in the header',
      () => signed({ ...HEADER, jwk: { kty: 'oct', k: 'eA' } }, payload(), 'sha256', 'x'),
    ],
    [
      'a key from a URL',
      () => signed({ ...HEADER, jku: 'https://evil.test/keys' }, payload(), 'sha256', 'x'),
    ],
    ['a key id that is a path', () => signed({ ...HEADER, kid: '../../dev/null' }, payload(), 'sha256', '')],
    ['an unknown critical header', () => signed({ ...HEADER, crit: ['x'], x: 1 }, payload())],
    ['another secret', () => signed(HEADER, payload(), 'sha256', `${SECRET}x`)],
    ['the empty secret', () => signed(HEADER, payload(), 'sha256', '')],
    ['no signature', () => good().replace(/[^.]*$/, '')],
    ['a signature cut short', () => good().slice(0, -2)],
    [
      'a changed payload',
      () => good().replace(/\.[^.]+\./, `.${part({ ...payload(), sub: randomUUID() })}.`),
    ],
    ['typ JWT', () => signed({ ...HEADER, typ: 'JWT' }, payload())],
    ['no typ', () => signed({ alg: 'HS256' }, payload())],
    ['typ of a refresh token', () => signed({ ...HEADER, typ: 'rt+jwt' }, payload())],
    ['another issuer', () => signed(HEADER, { ...payload(), iss: 'evil' })],
    ['an expired one', () => signed(HEADER, { ...payload(), iat: seconds() - 901, exp: seconds() - 1 })],
    ['one that lasts a year', () => signed(HEADER, { ...payload(), exp: seconds() + 31_536_000 })],
    ['an expiry as text', () => signed(HEADER, { ...payload(), exp: String(seconds() + 900) })],
    ['one that is not valid yet', () => signed(HEADER, { ...payload(), nbf: seconds() + 60 })],
    ['several audiences', () => signed(HEADER, { ...payload(), aud: [claims.tenantId, randomUUID()] })],
    ['an audience that is no id', () => signed(HEADER, { ...payload(), aud: '*' })],
    ['a subject that is no id', () => signed(HEADER, { ...payload(), sub: "' OR 1=1" })],
    ...['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp'].map((name): [string, () => string] => [
      `no ${name}`,
      () => signed(HEADER, without(name)),
    ]),
    ['an encrypted token', () => `${part({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
    ['a payload that is an array', () => signed(HEADER, [payload()])],
    ['100,000 characters', () => 'a'.repeat(100_000)],
  ];
  test.each(cases)('%s', async (_name, forge) => {
    expect(await tokens.verify(forge())).toBeNull();
  });
});
