import type { TenantService } from '@cvault/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { NoContent } from '../../http/schemas/answers.ts';
import { IdParams } from '../../http/schemas/ids.ts';
import { ApiKeyList, ApiKeyParams, apiKeyResource, CreateApiKey, CreatedApiKey } from './schemas.ts';

const config = { access: 'admin' } as const;
const tags = ['Tenants (operator)'];

export const apiKeyRoutes: FastifyPluginAsyncZod<{ tenants: TenantService }> = async (app, { tenants }) => {
  app.post(
    '/tenants/:id/api-keys',
    {
      config,
      schema: {
        operationId: 'createApiKey',
        tags,
        summary: 'Create an API key; the answer shows it once',
        params: IdParams,
        body: CreateApiKey,
        response: { 201: CreatedApiKey },
      },
    },
    async (request, reply) => {
      const created = await tenants.createApiKey(request.params.id, request.body);
      return reply.code(201).send({ ...apiKeyResource(created), key: created.key.reveal() });
    },
  );

  app.get(
    '/tenants/:id/api-keys',
    {
      config,
      schema: {
        operationId: 'listApiKeys',
        tags,
        summary: 'List a tenant’s API keys, revoked ones too',
        params: IdParams,
        response: { 200: ApiKeyList },
      },
    },
    async (request) => ({ apiKeys: (await tenants.listApiKeys(request.params.id)).map(apiKeyResource) }),
  );

  app.delete(
    '/tenants/:id/api-keys/:keyId',
    {
      config,
      schema: {
        operationId: 'revokeApiKey',
        tags,
        summary: 'Revoke an API key; it opens nothing from then on',
        params: ApiKeyParams,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await tenants.revokeApiKey(request.params.id, request.params.keyId);
      return reply.code(204).send(null);
    },
  );
};
