import { randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { forgedTokens, jwtOf, payloadOf } from '../testing/forged-tokens.ts';
import { signingKeysInMemory } from '../testing/signing-keys.ts';
import { createAccessTokens, issuerOf } from './access-tokens.ts';

const START = new Date('2026-01-01T00:00:00Z');
const publicUrl = 'https://vpn.acme.dev';
const claims = { tenantId: randomUUID(), userId: randomUUID(), signInId: randomUUID() };
let now = START;
const clock = { now: () => now };
const { keys, reads } = signingKeysInMemory(clock);
/** Two processes that share their keys. */
const tokens = createAccessTokens({ keys, clock, publicUrl });
const elsewhere = createAccessTokens({ keys, clock, publicUrl });

const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1_000);
};
afterEach(() => {
  now = START;
});

test('a token names issuer, audience and subject, and lasts 15 minutes', async () => {
  const token = (await tokens.issue(claims)).reveal();
  expect(decodeProtectedHeader(token)).toEqual({
    alg: 'ES256',
    typ: 'at+jwt',
    kid: (await keys.signing(claims.tenantId)).id,
  });
  expect(decodeJwt(token)).toMatchObject({
    iss: `${publicUrl}/api/v1/tenants/${claims.tenantId}`,
    aud: claims.tenantId,
    sub: claims.userId,
    sid: claims.signInId,
  });
  expect(tokens.recall(token)).toEqual(claims);
  expect(elsewhere.recall(token)).toBeNull();
  expect(await elsewhere.verify(token, claims.tenantId)).toEqual(claims);
  expect(elsewhere.recall(token)).toEqual(claims);
  later(899);
  expect(await elsewhere.verify(token, claims.tenantId)).toEqual(claims);
  later(1);
  expect(tokens.recall(token)).toBeNull();
  expect(await elsewhere.verify(token, claims.tenantId)).toBeNull();
});

test('it is invalid for another tenant', async () => {
  const token = (await tokens.issue(claims)).reveal();
  expect(await tokens.verify(token, randomUUID())).toBeNull();
});

test('it is invalid under another public URL', async () => {
  const token = (await tokens.issue(claims)).reveal();
  const moved = createAccessTokens({ keys, clock, publicUrl: '' });
  expect(await moved.verify(token, claims.tenantId)).toBeNull();
});

test('a new key is published before it signs, and the old one until its tokens expire', async () => {
  const tenantId = randomUUID();
  const first = (await keys.signing(tenantId)).id;
  await keys.rotate(tenantId, { revokeOthers: false });
  expect(await keys.published(tenantId)).toHaveLength(2);
  expect((await keys.signing(tenantId)).id).toBe(first);
  later(599);
  const last = (await tokens.issue({ ...claims, tenantId })).reveal();
  later(1);
  expect((await keys.signing(tenantId)).id).not.toBe(first);
  later(898);
  expect(await elsewhere.verify(last, tenantId)).toMatchObject({ tenantId });
});

test('a revoked key’s tokens are refused within 30 s, even if verified before', async () => {
  const tenantId = randomUUID();
  const token = (await tokens.issue({ ...claims, tenantId })).reveal();
  const other = signingKeysInMemory(clock);
  expect(await elsewhere.verify(token, tenantId)).not.toBeNull();
  await keys.rotate(tenantId, { revokeOthers: true });
  expect(tokens.recall(token)).toBeNull();
  expect(await elsewhere.verify(token, tenantId)).toBeNull();
  expect(other.keys.vouches(tenantId, 'x')).toBe(false);
  // Another process notices at its next read of the keys.
  const fresh = (await tokens.issue({ ...claims, tenantId })).reveal();
  expect(tokens.recall(fresh)).not.toBeNull();
  later(30);
  expect(tokens.recall(fresh)).toBeNull();
});

test('any number of forged tokens with unknown keys cause one key read per second', async () => {
  const tenantId = randomUUID();
  await keys.signing(tenantId);
  later(1);
  const before = reads();
  for (let time = 0; time < 50; time++) await keys.verifying(tenantId, randomUUID());
  expect(reads() - before).toBe(1);
});

describe('refused', async () => {
  const own = await keys.signing(claims.tenantId);
  const otherTenant = randomUUID();
  const other = await keys.signing(otherTenant);
  const options = {
    claims,
    issuer: issuerOf(publicUrl, claims.tenantId),
    keyId: own.id,
    privateKey: own.key,
    other: { tenantId: otherTenant, keyId: other.id, privateKey: other.key },
    now: START.getTime() / 1_000,
  };
  const forged = [['nothing', ''], ...forgedTokens(options)] as const;

  test('a token without any of these faults is accepted', async () => {
    const header = { alg: 'ES256', typ: 'at+jwt', kid: own.id };
    const good = jwtOf(header, payloadOf(options), own.key);
    expect(await tokens.verify(good, claims.tenantId)).toEqual(claims);
    expect(forged.length).toBeGreaterThan(40);
  });

  test.each(forged)('%s', async (_name, token) => {
    expect(await tokens.verify(token, claims.tenantId)).toBeNull();
    expect(tokens.recall(token)).toBeNull();
  });
});
