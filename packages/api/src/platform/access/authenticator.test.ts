import { describe, expect, test } from 'vitest';
import { Secret } from '../crypto/secret.ts';
import { generateApiKey } from './api-key.ts';
import { createAuthenticator } from './authenticator.ts';
import type { AccessTokenClaims, FoundIdentity } from './ports.ts';

const grant = { id: 'key-1', mode: 'live', scopes: null } as const;
const policy = {
  passwordLengthMin: 12,
  authRateLimit: 100,
  authRateWindowSeconds: 900,
  tenantRateLimit: 60_000,
  keyRateLimit: 60_000,
  userRateLimit: 6_000,
  clientRateLimit: 12_000,
};
const claims: AccessTokenClaims = { tenantId: 'tenant-a', userId: 'user-1', signInId: 'sign-in-1' };
const user = {
  id: 'user-1',
  email: 'a@example.com',
  createdAt: new Date(0),
  credentialsEpoch: 0,
  suspended: false,
};
const apiKey = generateApiKey('live').key.reveal();
const adminKey = `cv_admin_${'k'.repeat(43)}`;

function given(
  found: Partial<FoundIdentity> | null,
  verified: AccessTokenClaims | null = claims,
  recalled: AccessTokenClaims | null = null,
) {
  const reads: unknown[] = [];
  const uses: string[] = [];
  const clock = { ms: 0 };
  const authenticator = createAuthenticator({
    identities: {
      find: (hash, _source, signIn) => {
        reads.push([hash, signIn]);
        return Promise.resolve(
          found && {
            tenantId: 'tenant-a',
            tenantState: 'active',
            policy,
            key: { ...grant, sourceAllowed: true },
            user,
            ...found,
          },
        );
      },
    },
    accessTokens: {
      lifetimeSeconds: 900,
      issue: () => Promise.reject(new Error('not here')),
      recall: () => recalled,
      verify: () => Promise.resolve(verified),
    },
    adminKey: new Secret(adminKey),
    keyUses: { saw: (keyId) => uses.push(keyId) },
    now: () => clock.ms,
  });
  return { authenticator, reads, uses, clock };
}

const code = (expected: string) => expect.objectContaining({ code: expected }) as Error;

describe('a tenant', () => {
  test('is identified by its key', async () => {
    const { authenticator } = given({});
    await expect(authenticator.tenant(apiKey, null)).resolves.toEqual({
      kind: 'tenant',
      tenantId: 'tenant-a',
      policy,
      key: grant,
    });
  });

  test('without a well-formed key is refused without the database', async () => {
    const { authenticator, reads } = given({});
    await expect(authenticator.tenant(undefined, null)).rejects.toThrow(code('missing_api_key'));
    await expect(authenticator.tenant('', null)).rejects.toThrow(code('invalid_api_key'));
    await expect(authenticator.tenant(`${apiKey.slice(0, -1)}x`, null)).rejects.toThrow(
      code('invalid_api_key'),
    );
    expect(reads).toEqual([]);
  });

  test('with a key from a forbidden address is refused, and the key does not count as used', async () => {
    const { authenticator, uses } = given({ key: { ...grant, sourceAllowed: false } });
    await expect(authenticator.tenant(apiKey, '203.0.113.1')).rejects.toThrow(code('source_not_allowed'));
    await expect(authenticator.user(apiKey, 'token', null)).rejects.toThrow(code('source_not_allowed'));
    expect(uses).toEqual([]);
  });

  test('gets 401 if unknown or being deleted, and 403 if suspended', async () => {
    await expect(given(null).authenticator.tenant(apiKey, null)).rejects.toThrow(code('invalid_api_key'));
    const deleting = given({ tenantState: 'deleting' }).authenticator;
    await expect(deleting.tenant(apiKey, null)).rejects.toThrow(code('invalid_api_key'));
    const suspended = given({ tenantState: 'suspended' }).authenticator;
    await expect(suspended.tenant(apiKey, null)).rejects.toThrow(code('tenant_suspended'));
  });
});

describe('an API key', () => {
  test('that does not exist is looked up once in five seconds, and never becomes known', async () => {
    const { authenticator, reads, clock } = given(null);
    const isRefused = (key: string) =>
      expect(authenticator.tenant(key, null)).rejects.toThrow(code('invalid_api_key'));
    for (let time = 0; time < 3; time++) await isRefused(apiKey);
    expect(reads).toHaveLength(1);
    await isRefused(generateApiKey('live').key.reveal());
    expect(reads, 'another one is another one').toHaveLength(2);
    clock.ms += 5_001;
    await isRefused(apiKey);
    expect(reads).toHaveLength(3);
    expect(authenticator.knows(apiKey)).toBe(false);
  });

  test('that exists is known from its first use until it stops existing', async () => {
    const found: { tenantState: FoundIdentity['tenantState'] } = { tenantState: 'active' };
    const { authenticator } = given(found);
    expect(authenticator.knows(apiKey)).toBe(false);
    await authenticator.tenant(apiKey, null);
    expect(authenticator.knows(apiKey)).toBe(true);
    found.tenantState = 'deleting';
    await expect(authenticator.tenant(apiKey, null)).rejects.toThrow(code('invalid_api_key'));
    expect(authenticator.knows(apiKey)).toBe(false);
  });
});

describe('a user', () => {
  test('is identified by key and token, with one read if the token was seen before', async () => {
    const { authenticator, reads } = given({}, null, claims);
    const principal = await authenticator.user(apiKey, 'token', null);
    expect(principal).toMatchObject({
      kind: 'user',
      tenantId: 'tenant-a',
      userId: 'user-1',
      signInId: 'sign-in-1',
    });
    expect(reads).toHaveLength(1);
  });

  test('with a token new to this process is looked up after the token is verified', async () => {
    const { authenticator, reads } = given({});
    await expect(authenticator.user(apiKey, 'token', null)).resolves.toMatchObject({ userId: 'user-1' });
    expect(reads.map((read) => (read as unknown[])[1])).toEqual([null, claims]);
  });

  test('with a forged token is never looked up', async () => {
    const { authenticator, reads } = given({}, null);
    await expect(authenticator.user(apiKey, undefined, null)).rejects.toThrow(code('missing_token'));
    expect(reads).toEqual([]);
    await expect(authenticator.user(apiKey, 'forged', null)).rejects.toThrow(code('invalid_token'));
    expect(reads.map((read) => (read as unknown[])[1])).toEqual([null]);
  });

  test('with another tenant’s token is refused, whatever the database finds', async () => {
    const { authenticator } = given({}, { ...claims, tenantId: 'tenant-b' });
    await expect(authenticator.user(apiKey, 'token', null)).rejects.toThrow(code('invalid_token'));
  });

  test('who is suspended gets user_suspended', async () => {
    const { authenticator } = given({ user: { ...user, suspended: true } });
    await expect(authenticator.user(apiKey, 'token', null)).rejects.toThrow(code('user_suspended'));
  });

  test('whose sign-in has ended is refused', async () => {
    await expect(given({ user: null }).authenticator.user(apiKey, 'token', null)).rejects.toThrow(
      code('invalid_token'),
    );
  });
});

test('only the admin key identifies the operator', () => {
  const { authenticator } = given({});
  expect(authenticator.admin(adminKey)).toEqual({ kind: 'admin' });
  for (const other of [
    undefined,
    '',
    adminKey.slice(0, -1),
    `${adminKey}k`,
    apiKey,
    adminKey.toUpperCase(),
  ]) {
    expect(() => authenticator.admin(other)).toThrow(code('invalid_admin_key'));
  }
});
