import { SCOPES } from '../platform/access/scopes.ts';
import type { ApiKeyService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import {
  ApiKeyList,
  ApiKeyParams,
  apiKeyResource,
  CreateApiKey,
  CreatedApiKey,
  createdApiKeyResource,
  RevokedApiKey,
  revokedResource,
  RevokeQuery,
  RotateApiKey,
} from './schemas.ts';

const access = { access: 'admin' } as const;
const tags = ['Tenants (operator)'];

const ofTenant = (tenantId: string) => ({ tenantId, by: 'operator' as const });

/** A tenant's API keys, for the operator. */
export const apiKeyRoutes: FastifyPluginAsyncZod<{ apiKeys: ApiKeyService }> = async (app, { apiKeys }) => {
  app.post(
    '/tenants/:id/api-keys',
    {
      config: { ...access, act: 'api_key.create', limit: 'write' },
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
      const { scopes = SCOPES, ...input } = request.body;
      const made = await apiKeys.create(ofTenant(request.params.id), { ...input, scopes });
      return reply.code(201).send(createdApiKeyResource(made));
    },
  );

  app.get(
    '/tenants/:id/api-keys',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listApiKeys',
        tags,
        summary: 'List a tenant’s API keys, revoked ones too',
        params: IdParams,
        response: { 200: ApiKeyList },
      },
    },
    async (request) => ({ apiKeys: (await apiKeys.list(ofTenant(request.params.id))).map(apiKeyResource) }),
  );

  app.post(
    '/tenants/:id/api-keys/:keyId/rotate',
    {
      config: { ...access, act: 'api_key.rotate', limit: 'write' },
      schema: {
        operationId: 'rotateApiKey',
        tags,
        summary: 'Replace an API key; the old one goes on for a while',
        params: ApiKeyParams,
        body: RotateApiKey,
        response: { 201: CreatedApiKey },
      },
    },
    async (request, reply) => {
      const { id, keyId } = request.params;
      const made = await apiKeys.rotate(ofTenant(id), keyId, request.body.overlapSeconds);
      return reply.code(201).send(createdApiKeyResource(made));
    },
  );

  app.delete(
    '/tenants/:id/api-keys/:keyId',
    {
      config: { ...access, act: 'api_key.revoke', limit: 'write' },
      schema: {
        operationId: 'revokeApiKey',
        tags,
        summary: 'Revoke an API key; it opens nothing from then on',
        description:
          'The users whom it signed in by minting tokens are signed out, and the keys that it has made are revoked too, unless ' +
          'you keep them. 200 tells of keys that came of it; 204: there are none.',
        params: ApiKeyParams,
        querystring: RevokeQuery,
        response: { 200: RevokedApiKey, 204: NoContent },
      },
    },
    async (request, reply) => {
      const family = await apiKeys.revoke(
        ofTenant(request.params.id),
        request.params.keyId,
        request.query.children,
      );
      const told = revokedResource(family);
      return told === null ? reply.code(204).send(null) : reply.code(200).send(told);
    },
  );
};
