import { CVaultError } from '../platform/errors.ts';
import type { TokenExchange } from './token-exchange.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { tokenSet } from '../sign-in/index.ts';
import { ACCESS_TOKEN, ExchangedToken, ExchangeToken } from './schemas.ts';

/** Parses a form. RFC 6749 section 3.2 forbids repeated fields. */
function readForm(text: string): Record<string, string> {
  const pairs = [...new URLSearchParams(text)];
  const form = Object.fromEntries(pairs);
  if (Object.keys(form).length !== pairs.length) {
    throw new CVaultError('malformed_body', 'The form has a field more than once. Send each field once.');
  }
  return form;
}

export interface TokenOptions {
  readonly tokenExchange: TokenExchange;
}

export const tokenRoutes: FastifyPluginAsyncZod<TokenOptions> = async (app, { tokenExchange }) => {
  // OAuth clients send forms. Only these routes accept them, and validate them like JSON.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body: string, done) => {
      try {
        done(null, readForm(body));
      } catch (error) {
        done(error as Error);
      }
    },
  );

  app.post(
    '/auth/token',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.exchange_token', limit: 'auth' },
      schema: {
        operationId: 'exchangeToken',
        tags: ['Authentication'],
        summary: 'Exchange an ID token of your identity provider for tokens of the user (RFC 8693)',
        description:
          'As JSON or as a form. The user is made at the first token of a new `sub`. An ID token is accepted once.',
        consumes: ['application/json', 'application/x-www-form-urlencoded'],
        body: ExchangeToken,
        response: { 200: ExchangedToken },
      },
    },
    async (request) => {
      const { subject_token: subjectToken } = request.body;
      const { accessToken, refreshToken, expiresIn } = tokenSet(
        await tokenExchange.exchange(tenantOf(request), subjectToken),
      );
      return {
        access_token: accessToken,
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer' as const,
        expires_in: expiresIn,
        refresh_token: refreshToken,
      };
    },
  );
};
