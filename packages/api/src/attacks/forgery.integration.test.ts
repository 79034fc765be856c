/** Every invalid token on every route for access tokens, including future routes. */
import pg from 'pg';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect } from 'vitest';
import { forgedTokens, jwtOf } from '../testing/forged-tokens.ts';
import { signUp } from '../testing/whole-api.ts';
import { test as base } from '../testing/test-with-whole-api.ts';

interface Operation {
  security: Record<string, unknown>[];
}

/** Records the sign-ins looked up in the database while `work` runs. */
async function signInsLookedFor(work: () => Promise<void>): Promise<unknown[]> {
  const found: unknown[] = [];
  const { prototype } = pg.Client;
  const query = prototype.query as unknown as (...args: unknown[]) => unknown;
  prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [config] = args as [{ name?: string; values?: unknown[] }];
    if (config?.name === 'identity-find' && config.values?.[1] !== null) found.push(config.values);
    return query.apply(this, args);
  } as typeof prototype.query;
  try {
    await work();
  } finally {
    prototype.query = query as unknown as typeof prototype.query;
  }
  return found;
}

const test = base
  .extend('user', { scope: 'file' }, ({ api }) => signUp(api, 'Acme'))
  .extend('routesForUsers', ({ api }) => (): { method: 'GET'; url: string }[] => {
    const { paths } = api.app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> };
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { security }]) => security.some((schemes) => 'UserToken' in schemes))
        .map(([method]) => ({
          method: method.toUpperCase() as 'GET',
          url: path.replaceAll(/\{\w+\}/g, '0b9b1f6e-5a1c-4a8f-9d51-3c5e0d6c2f10'),
        })),
    );
  });

test(
  'no forged token opens any route, and none makes us look for its user',
  { timeout: 180_000 },
  async ({ api, user, routesForUsers }) => {
    const token = user.headers['authorization']?.replace('Bearer ', '') ?? '';
    const other = await signUp(api, 'Umbrella');
    const { signingKeys } = api.cvault.services;
    const [own, theirs] = [
      await signingKeys.signing(user.tenantId),
      await signingKeys.signing(other.tenantId),
    ];
    const { iss, sub, sid } = decodeJwt<{ sid: string }>(token);
    const forged = forgedTokens({
      claims: { tenantId: user.tenantId, userId: sub!, signInId: sid },
      issuer: iss!,
      keyId: own.id,
      privateKey: own.key,
      other: { tenantId: other.tenantId, keyId: theirs.id, privateKey: theirs.key },
      now: Math.floor(Date.now() / 1_000),
    });
    const routes = routesForUsers();
    let answers = 0;
    const lookedFor = await signInsLookedFor(async () => {
      for (const { method, url } of routes) {
        for (const [name, forgery] of forged) {
          const headers = { ...user.headers, authorization: `Bearer ${forgery}` };
          const { statusCode } = await api.app.inject({ method, url, headers });
          expect(statusCode, `${name} on ${method} ${url}`).toBe(401);
          answers++;
        }
      }
    });
    expect(lookedFor).toEqual([]);
    expect(routes.length).toBeGreaterThan(10);
    expect(forged.length).toBeGreaterThan(40);
    process.stdout.write(`${forged.length} forged tokens on ${routes.length} routes: ${answers} refused\n`);
    // The same token, correctly signed, does open them.
    const again = jwtOf(decodeProtectedHeader(token), { ...decodeJwt(token), jti: sub }, own.key);
    const good = { ...user.headers, authorization: `Bearer ${again}` };
    expect((await api.app.inject({ url: '/api/v1/me', headers: good })).statusCode).toBe(200);
  },
);
