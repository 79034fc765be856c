/** The API as its callers see it: plain HTTP. */

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export type Call = <T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
) => Promise<Answer<T>>;

/** @param headers the caller's credentials */
export function createCaller(baseUrl: string, headers: Readonly<Record<string, string>> = {}): Call {
  return async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as T,
    };
  };
}

/** Like `Call`, but an answer other than 2xx fails the test. */
export async function must<T>(calling: Promise<Answer<T>>): Promise<T> {
  const { status, body } = await calling;
  if (status < 200 || status > 299) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

export interface DeviceBody {
  readonly id: string;
  readonly assignedIp: string;
  readonly status: string;
  readonly config: string;
  readonly server: { readonly ip: string; readonly port: number; readonly region: string };
}

/** A signed-in user of a tenant, with the calls of its app. */
export interface TestUser {
  readonly call: Call;
  readonly apiKey: string;
  readonly accessToken: string;
  readonly tenantId: string;
}

export const callAsAdmin = (baseUrl: string, adminKey: string): Call =>
  createCaller(baseUrl, { authorization: `Bearer ${adminKey}` });

/** Creates a tenant with an API key and one user, through the API. */
export async function createUser(baseUrl: string, adminKey: string, name: string): Promise<TestUser> {
  const admin = callAsAdmin(baseUrl, adminKey);
  const tenant = await must(admin<{ id: string }>('POST', '/api/v1/admin/tenants', { name }));
  const { key: apiKey } = await must(
    admin<{ key: string }>('POST', `/api/v1/admin/tenants/${tenant.id}/api-keys`, {
      name: 'test',
      mode: 'live',
    }),
  );
  const { accessToken } = await must(
    createCaller(baseUrl, { 'x-api-key': apiKey })<{ accessToken: string }>('POST', '/api/v1/auth/register', {
      email: 'someone@example.com',
      password: 'correct horse battery staple',
    }),
  );
  return { call: asUser(baseUrl, apiKey, accessToken), apiKey, accessToken, tenantId: tenant.id };
}

export const asUser = (baseUrl: string, apiKey: string, accessToken: string): Call =>
  createCaller(baseUrl, { 'x-api-key': apiKey, authorization: `Bearer ${accessToken}` });

export const registerDevice = (user: TestUser, body: Record<string, unknown> = { deviceName: 'phone' }) =>
  user.call<DeviceBody>('POST', '/api/v1/devices', body);
