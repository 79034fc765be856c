import { expect, test } from 'vitest';
import { checkScope, checkWithin, type KeyBounds, scopesBeyond } from './grant.ts';
import { SCOPES } from './scopes.ts';

const key = (scopes: (typeof SCOPES)[number][] | null) => ({ id: 'key', mode: 'live' as const, scopes });

test('a key may do only what its scopes allow; without a list, everything', () => {
  for (const scope of SCOPES) {
    expect(() => checkScope(key(null), scope)).not.toThrow();
    expect(() => checkScope(key([scope]), scope)).not.toThrow();
    expect(() => checkScope(key(SCOPES.filter((other) => other !== scope)), scope)).toThrow(
      expect.objectContaining({
        code: 'insufficient_scope',
        message: expect.stringContaining(scope) as string,
      }),
    );
  }
});

test('a test key cannot reach anything live', () => {
  for (const scope of [
    'settings:write',
    'webhooks:read',
    'webhooks:write',
    'audit:read',
    'privacy:write',
  ] as const) {
    expect(() => checkScope({ ...key(null), mode: 'test' }, scope)).toThrow(
      expect.objectContaining({ code: 'insufficient_scope' }),
    );
  }
  expect(() => checkScope({ ...key(null), mode: 'test' }, 'users:write')).not.toThrow();
});

test('a key cannot grant more than it has', () => {
  expect(scopesBeyond(key(null), null)).toEqual([]);
  expect(scopesBeyond(key(['keys:write', 'users:read']), ['users:read'])).toEqual([]);
  expect(scopesBeyond(key(['keys:write', 'users:read']), ['users:read', 'users:write'])).toEqual([
    'users:write',
  ]);
  expect(scopesBeyond(key(['keys:write']), null)).toContain('app');
});

test('a key is within another if mode, scopes, addresses and lifetime are', () => {
  const bounds = (over: Partial<KeyBounds> = {}): KeyBounds => ({
    mode: 'live',
    scopes: ['app'],
    allowedSources: ['10.0.0.0/8', '2001:db8::/32'],
    expiresAt: new Date(1_000),
    ...over,
  });
  for (const within of [
    bounds(),
    bounds({ mode: 'test' }),
    bounds({ allowedSources: ['10.1.0.0/16'] }),
    bounds({ expiresAt: new Date(999) }),
  ])
    expect(() => checkWithin(bounds(), within)).not.toThrow();
  expect(() =>
    checkWithin(bounds({ scopes: null, allowedSources: [], expiresAt: null }), bounds()),
  ).not.toThrow();
  for (const beyond of [
    bounds({ scopes: null }),
    bounds({ scopes: ['app', 'users:read'] }),
    bounds({ allowedSources: [] }),
    bounds({ allowedSources: ['10.0.0.0/7'] }),
    bounds({ allowedSources: ['10.0.0.0/8', '2001:db9::/32'] }),
    bounds({ expiresAt: null }),
    bounds({ expiresAt: new Date(1_001) }),
  ])
    expect(() => checkWithin(bounds(), beyond)).toThrow(
      expect.objectContaining({ code: 'insufficient_scope' }),
    );
  expect(() => checkWithin(bounds({ mode: 'test' }), bounds())).toThrow(/live mode/);
});
