import type { IdentityProviderService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import {
  CreateIdentityProvider,
  IdentityProviderList,
  identityProviderResource,
  IdentityProviderResource,
} from './schemas.ts';

const tags = ['Users'];

/** The identity providers that a tenant trusts. */
export const identityProviderRoutes: FastifyPluginAsyncZod<{ providers: IdentityProviderService }> = async (
  app,
  { providers },
) => {
  app.post(
    '/tenant/identity-providers',
    {
      config: {
        access: 'tenant',
        scope: 'settings:write',
        act: 'identity_provider.create',
        limit: 'write',
      },
      schema: {
        operationId: 'createIdentityProvider',
        tags,
        summary: 'Let users sign in with your OpenID Connect provider',
        description:
          'Its ID tokens are exchanged at `/auth/token`. A user is who has its `sub`; e-mails in its tokens are not looked at.',
        body: CreateIdentityProvider,
        response: { 201: IdentityProviderResource },
      },
    },
    async (request, reply) => {
      const provider = await providers.create(tenantOf(request).tenantId, request.body);
      return reply.code(201).send(identityProviderResource(provider));
    },
  );

  app.get(
    '/tenant/identity-providers',
    {
      config: { access: 'tenant', scope: 'settings:read', act: null, limit: 'read' },
      schema: {
        operationId: 'listIdentityProviders',
        tags,
        summary: 'List your identity providers, oldest first',
        response: { 200: IdentityProviderList },
      },
    },
    async (request) => {
      const found = await providers.list(tenantOf(request).tenantId);
      return { identityProviders: found.map(identityProviderResource) };
    },
  );

  app.delete(
    '/tenant/identity-providers/:id',
    {
      config: {
        access: 'tenant',
        scope: 'settings:write',
        act: 'identity_provider.delete',
        limit: 'write',
      },
      schema: {
        operationId: 'deleteIdentityProvider',
        tags,
        summary: 'Remove an identity provider: its users’ sign-ins end at once',
        description: 'The users stay, with their devices; who its subjects stand for is forgotten.',
        params: IdParams,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await providers.remove(tenantOf(request).tenantId, request.params.id);
      return reply.code(204).send(null);
    },
  );
};
