import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

const REDIRECT = 'http://127.0.0.1:1/callback';
/** The maximum of requests per sign-in; it takes about eight. */
const STEPS_MAX = 15;

export interface OidcProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** Signs a user in like a browser and returns the ID token. */
  signIn(user: string): Promise<string>;
  close(): Promise<void>;
}

/** A real OpenID Connect provider on this machine, with a client and its development pages for signing in. */
export async function startOidcProvider(): Promise<OidcProvider> {
  const server: Server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientId = 'acme-app';
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        client_secret: randomBytes(32).toString('hex'),
        redirect_uris: [REDIRECT],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
    ],
    cookies: { keys: [randomBytes(32).toString('hex')] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com` }),
    }),
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email'] },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));

  async function signIn(user: string): Promise<string> {
    const cookies = new Map<string, string>();
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      scope: 'openid email',
      redirect_uri: REDIRECT,
      // Without a nonce, two sign-ins within one second give the same token.
      nonce: randomBytes(16).toString('hex'),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    let url = `${issuer}/auth?${query.toString()}`;
    let form: URLSearchParams | null = null;
    for (let step = 0; step < STEPS_MAX; step++) {
      const answer: Response = await fetch(url, {
        method: form === null ? 'GET' : 'POST',
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(form === null ? {} : { body: form }),
      });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      const text = await answer.text();
      const location = answer.headers.get('location');
      form = null;
      if (location?.startsWith(REDIRECT) === true) {
        const code = new URL(location).searchParams.get('code') ?? '';
        const body = new URLSearchParams({
          grant_type: 'authorization_code',
          code,
          redirect_uri: REDIRECT,
          client_id: clientId,
          code_verifier: verifier,
        });
        const tokens = await fetch(`${issuer}/token`, { method: 'POST', body });
        return ((await tokens.json()) as { id_token: string }).id_token;
      }
      if (location !== null) {
        url = new URL(location, url).href;
        continue;
      }
      // One of the two pages: login or consent.
      const prompt = /name="prompt" value="([a-z]+)"/.exec(text)?.[1] ?? '';
      url = new URL(/action="([^"]+)"/.exec(text)?.[1] ?? url, url).href;
      form = new URLSearchParams({ prompt, login: user, password: 'any' });
    }
    throw new Error('the provider did not finish the sign-in');
  }

  return {
    issuer,
    clientId,
    signIn,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
