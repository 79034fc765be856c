import { PUBLISHED_KEYS_MAX_AGE_SECONDS, type SigningKeys } from './signing-keys.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';

const JsonWebKeys = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        use: z.literal('sig'),
        alg: z.literal('ES256'),
      }),
    ),
  })
  .meta({ id: 'JsonWebKeys', description: 'RFC 7517' });

const RotateSigningKey = z
  .strictObject({
    revokeOthers: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Somebody may have the old keys: what they signed is refused within 30 s, and users get new access tokens with their ' +
          'refresh tokens. Otherwise the new key signs in 10 minutes, and nobody notices.',
      }),
  })
  .meta({ id: 'RotateSigningKey' });

export interface SigningKeyOptions {
  readonly signingKeys: SigningKeys;
}

/** For tenants' backends that verify access tokens. */
export const publishedKeyRoutes: FastifyPluginAsyncZod<SigningKeyOptions> = async (app, { signingKeys }) => {
  app.get(
    '/tenants/:id/jwks.json',
    {
      config: { access: 'public', act: null, limit: 'read' },
      schema: {
        operationId: 'getTenantKeys',
        tags: ['Authentication'],
        summary: 'The public keys that verify a tenant’s access tokens',
        description:
          'Tokens are JWTs of `typ` `at+jwt`, signed with ES256: compare `aud` with the tenant’s id, `iss` with the ' +
          'address of this document without `/jwks.json`. A new key is here 10 minutes before it signs. A valid signature says ' +
          'that the user was signed in when the token was issued; whether that has ended since only the API knows.',
        params: IdParams,
        response: { 200: JsonWebKeys },
      },
    },
    async (request, reply) => {
      const published = await signingKeys.published(request.params.id);
      void reply.header('cache-control', `public, max-age=${PUBLISHED_KEYS_MAX_AGE_SECONDS}`);
      // Public data, so browsers of any origin may read it.
      void reply.header('access-control-allow-origin', '*');
      return {
        keys: published.map(({ id, key }) => {
          const { x = '', y = '' } = key.export({ format: 'jwk' });
          return {
            kty: 'EC' as const,
            crv: 'P-256' as const,
            x,
            y,
            kid: id,
            use: 'sig' as const,
            alg: 'ES256' as const,
          };
        }),
      };
    },
  );
};

/** For the operator. */
export const signingKeyRoutes: FastifyPluginAsyncZod<SigningKeyOptions> = async (app, { signingKeys }) => {
  app.post(
    '/tenants/:id/signing-keys',
    {
      config: { access: 'admin', act: 'signing_key.rotate', limit: 'write' },
      schema: {
        operationId: 'rotateSigningKey',
        tags: ['Tenants (operator)'],
        summary: 'Make a tenant a new key that signs its access tokens',
        description: 'They change by themselves every 30 days.',
        params: IdParams,
        body: RotateSigningKey,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await signingKeys.rotate(request.params.id, request.body);
      return reply.code(204).send(null);
    },
  );
};
