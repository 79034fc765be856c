import createFetchClient, { type Client, type Middleware } from 'openapi-fetch';
import type { paths } from './generated/api.ts';
import { CVaultUnreachable, problemOf } from './problem.ts';

/** Whoever calls sends what they have: the operator the admin key, a tenant its API key, its user a token as well. */
export interface CVaultClientOptions {
  /** Where the API is, without a path: `https://vpn.example.com`. */
  readonly baseUrl: string;
  readonly adminKey?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

export type CVaultClient = Client<paths>;

/**
 * A client with a typed method for every call: `client.GET('/api/v1/devices')`. An answer other than 2xx is thrown as
 * CVaultProblem, none at all as CVaultUnreachable.
 */
export function createCVaultClient(options: CVaultClientOptions): CVaultClient {
  const bearer = options.adminKey ?? options.accessToken;
  const client = createFetchClient<paths>({
    baseUrl: options.baseUrl,
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(options.apiKey === undefined ? {} : { 'x-api-key': options.apiKey }),
    },
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  const faults: Middleware = {
    async onResponse({ response }) {
      if (!response.ok) throw await problemOf(response);
    },
    onError: ({ error }) => new CVaultUnreachable(options.baseUrl, error),
  };
  client.use(faults);
  return client;
}

/** The body of an answer: `await bodyOf(client.GET(…))`. */
export async function bodyOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  // Calls that fail throw, so only those that answer nothing (204) have no body; for them T is undefined.
  return (await call).data as T;
}
