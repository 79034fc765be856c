import createFetchClient, { type Client, type Middleware } from 'openapi-fetch';
import type { paths } from './generated/api.ts';
import { CVaultUnreachable, problemOf } from './problem.ts';

/**
 * Set the credentials that you have: the operator's admin key, or a tenant's API key, with an access token for its
 * user.
 */
export interface CVaultClientOptions {
  /** The API's URL without a path: `https://vpn.example.com`. */
  readonly baseUrl: string;
  readonly adminKey?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly accessToken?: string | undefined;
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

export type CVaultClient = Client<paths>;

/**
 * Creates a client with a typed method for every call: `client.GET('/api/v1/devices')`. Throws CVaultProblem for
 * answers other than 2xx, and CVaultUnreachable without an answer.
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
  // Failed calls throw, so only calls without content (204) have no body; for them T is undefined.
  return (await call).data as T;
}
