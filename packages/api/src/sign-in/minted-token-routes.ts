import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import type { SignIns } from './sign-in.ts';
import { TokenSet, tokenSet } from './token-schemas.ts';

/** Tokens that a tenant's backend gets for a user whom it has signed in itself. */
export const mintedTokenRoutes: FastifyPluginAsyncZod<{ readonly signIns: SignIns }> = async (
  app,
  { signIns },
) => {
  app.post(
    '/tenant/users/:id/tokens',
    {
      config: { access: 'tenant', scope: 'tokens:write', act: 'user.mint_tokens', limit: 'write' },
      schema: {
        operationId: 'mintTokens',
        tags: ['Users'],
        summary: 'Sign a user in on your backend’s word',
        params: IdParams,
        response: { 201: TokenSet },
      },
    },
    async (request, reply) => {
      const tokens = await signIns.mint(tenantOf(request), request.params.id);
      return reply.code(201).send(tokenSet(tokens));
    },
  );
};
