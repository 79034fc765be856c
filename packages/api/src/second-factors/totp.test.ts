import { Secret } from '../platform/crypto/secret.ts';
import { URI } from 'otpauth';
import { expect, test } from 'vitest';
import { totpCodes } from './totp.ts';

/** RFC 6238 appendix B, last six digits. */
const SECRET = new Secret(Buffer.from('12345678901234567890'));
const at = (seconds: number) => new Date(seconds * 1_000);

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_234_567_890, '005924'],
  [20_000_000_000, '353130'],
])('at %i s the code is %s', (seconds, code) => {
  expect(totpCodes.stepOf(SECRET, code, at(seconds))).toBe(Math.floor(seconds / 30));
});

test('a code is accepted one step around its own, and its step is reported', () => {
  for (const seconds of [29, 59, 89]) expect(totpCodes.stepOf(SECRET, '287082', at(seconds))).toBe(1);
  expect(totpCodes.stepOf(SECRET, '287082', at(120))).toBeNull();
  expect(totpCodes.stepOf(SECRET, '287083', at(59))).toBeNull();
});

test('everything except six digits is wrong', () => {
  for (const code of ['', '28708', '2870822', ' 28708', '２８７０８２', 'ã\u{daec}ÑÒ\u0012x', '28708é']) {
    expect(totpCodes.stepOf(SECRET, code, at(59))).toBeNull();
  }
});

test('apps get the secret as text and as a URI with the names of user and tenant', () => {
  const { secret, uri } = totpCodes.describe(SECRET, 'jane@example.com', 'Acme & Co');
  expect(secret.reveal()).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  const url = new URL(uri.reveal());
  expect(url.protocol + url.hostname).toBe('otpauth:totp');
  expect(url.searchParams.get('issuer')).toBe('Acme & Co');
  expect(decodeURIComponent(url.pathname)).toContain('jane@example.com');
  expect(totpCodes.newSecret().reveal()).toHaveLength(20);
});

test.each([
  ['Acme: VPN', 'jane@example.com', 'Acme VPN:jane@example.com'],
  ['Acme:', 'jane@example.com', 'Acme:jane@example.com'],
  [':::', 'jane@example.com', 'jane@example.com'],
  ['A::B %3A C', '"a:b"@example.com', 'A B %3A C:"a b"@example.com'],
  ['Acme\r\nVPN', 'jane@example.com', 'Acme VPN:jane@example.com'],
  ['Zoë & Söhne / 测试', 'r&d@example.com', 'Zoë & Söhne / 测试:r&d@example.com'],
])('the label of %j and %j has one colon at most, between the two', (issuer, account, label) => {
  const { uri } = totpCodes.describe(SECRET, account, issuer);
  const url = new URL(uri.reveal());
  expect(decodeURIComponent(url.pathname.slice(1))).toBe(label);
  const [prefix, rest] = label.split(':');
  expect(url.searchParams.get('issuer')).toBe(rest === undefined ? null : prefix);
  // FreeOTP takes everything behind the first colon as the account, which has no colon.
  expect(URI.parse(uri.reveal()).toString()).toBe(uri.reveal());
});
