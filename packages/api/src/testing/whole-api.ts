import { randomBytes } from 'node:crypto';
import type { RateLimiter } from '../platform/limits/rate-limiter.ts';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { createInProcessRateLimiter } from '../platform/limits/in-process.ts';
import { createLogger } from '../platform/observability/logger.ts';
import { type CVault, createCVault } from '../cvault.ts';
import type { TestDatabase } from './database.ts';
import { keepLines } from './log-lines.ts';
import { testConfig } from './platform.ts';

export interface WholeApi {
  readonly cvault: CVault;
  readonly app: FastifyInstance;
  readonly adminKey: string;
  /** All log output. */
  readonly logs: () => string;
  close(): Promise<void>;
}

/** The control plane as production wires it, on the test's own database, without a port or signal handlers. */
export async function createWholeApi(
  database: TestDatabase,
  environment: Readonly<Record<string, string>> = {},
  limiter: RateLimiter = createInProcessRateLimiter(),
): Promise<WholeApi> {
  const adminKey = `cv_admin_${randomBytes(32).toString('base64url')}`;
  const config = testConfig({
    CVAULT_ADMIN_KEY: adminKey,
    DATABASE_URL: database.url.reveal(),
    ...environment,
  });
  const { destination, text } = keepLines();
  const cvault = await createCVault({
    config,
    databaseUrl: database.url,
    limiter,
    log: createLogger('info', destination),
  });
  await cvault.start();
  return {
    cvault,
    app: cvault.app,
    adminKey,
    logs: text,
    async close() {
      await cvault.app.close();
      await cvault.close();
    },
  };
}

export interface SignedInUser {
  readonly tenantId: string;
  readonly headers: Readonly<Record<string, string>>;
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    payload?: InjectOptions['payload'],
  ): Promise<LightMyRequestResponse>;
}

/** Creates a tenant and a signed-in user through the API. */
export async function signUp({ app, adminKey }: WholeApi, name: string): Promise<SignedInUser> {
  const admin = { authorization: `Bearer ${adminKey}` };
  const post = async <T>(url: string, headers: Record<string, string>, payload: object) => {
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    if (answer.statusCode !== 201) throw new Error(`${url} answered ${answer.statusCode}: ${answer.body}`);
    return answer.json<T>();
  };
  const tenant = await post<{ id: string }>('/api/v1/admin/tenants', admin, { name });
  const { key } = await post<{ key: string }>(`/api/v1/admin/tenants/${tenant.id}/api-keys`, admin, {
    name: 'test',
    mode: 'live',
  });
  const { accessToken } = await post<{ accessToken: string }>(
    '/api/v1/auth/register',
    { 'x-api-key': key },
    { email: 'someone@example.com', password: 'correct horse battery staple' },
  );
  const headers = { 'x-api-key': key, authorization: `Bearer ${accessToken}` };
  return {
    tenantId: tenant.id,
    headers,
    call: (method, path, payload) =>
      app.inject({ method, url: `/api/v1${path}`, headers, ...(payload === undefined ? {} : { payload }) }),
  };
}
