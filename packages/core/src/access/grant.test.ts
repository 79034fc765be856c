import { expect, test } from 'vitest';
import { checkScope, scopesBeyond } from './grant.ts';
import { SCOPES } from './scopes.ts';

const key = (scopes: (typeof SCOPES)[number][] | null) => ({ id: 'key', mode: 'live' as const, scopes });

test('a key may do what its scopes say and nothing else; without a list, everything', () => {
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

test('a test key has nothing that reaches what is live', () => {
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

test('a key cannot give what it has not got', () => {
  expect(scopesBeyond(key(null), null)).toEqual([]);
  expect(scopesBeyond(key(['keys:write', 'users:read']), ['users:read'])).toEqual([]);
  expect(scopesBeyond(key(['keys:write', 'users:read']), ['users:read', 'users:write'])).toEqual([
    'users:write',
  ]);
  expect(scopesBeyond(key(['keys:write']), null)).toContain('app');
});
