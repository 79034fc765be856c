import type { TenantPrincipal } from '../platform/access/principal.ts';
import type { ApiKeyService, KeyHolder } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { cursorOf, idOfCursor, PageQuery } from '../platform/http/schemas/pages.ts';
import {
  ApiKeyPage,
  ApiKeyResource,
  apiKeyResource,
  CreatedApiKey,
  createdApiKeyResource,
  CreateOwnApiKey,
  OwnApiKeyParams,
  RevokedApiKey,
  revokedResource,
  RevokeQuery,
  RotateApiKey,
} from './schemas.ts';

const reading = { access: 'tenant', scope: 'keys:read', act: null, limit: 'read' } as const;
const writing = { access: 'tenant', scope: 'keys:write', limit: 'write' } as const;
const tags = ['API keys (tenant)'];

const holderOf = ({ tenantId, key }: TenantPrincipal): KeyHolder => ({ tenantId, by: key });

/** A tenant's own API keys. A test key sees and creates only test keys. */
export const tenantApiKeyRoutes: FastifyPluginAsyncZod<{ apiKeys: ApiKeyService }> = async (
  app,
  { apiKeys },
) => {
  app.post(
    '/api-keys',
    {
      config: { ...writing, act: 'api_key.create' },
      schema: {
        operationId: 'createOwnApiKey',
        tags,
        summary: 'Create an API key; the answer shows it once',
        description:
          'A key gives no more than it has itself: scopes, addresses, life; and a test key makes no live one. The new key ends ' +
          'with the one that made it.',
        body: CreateOwnApiKey,
        response: { 201: CreatedApiKey },
      },
    },
    async (request, reply) => {
      const made = await apiKeys.create(holderOf(tenantOf(request)), request.body);
      return reply
        .code(201)
        .header('location', `/api/v1/tenant/api-keys/${made.id}`)
        .send(createdApiKeyResource(made));
    },
  );

  app.get(
    '/api-keys',
    {
      config: reading,
      schema: {
        operationId: 'listOwnApiKeys',
        tags,
        summary: 'List my API keys, oldest first, revoked ones too',
        querystring: PageQuery,
        response: { 200: ApiKeyPage },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const afterId = cursor === undefined ? undefined : idOfCursor(cursor);
      // One extra row shows whether there is another page.
      const found = await apiKeys.list(holderOf(tenantOf(request)), { limit: limit + 1, afterId });
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { apiKeys: page.map(apiKeyResource), nextCursor: last === undefined ? null : cursorOf(last.id) };
    },
  );

  app.get(
    '/api-keys/:keyId',
    {
      config: reading,
      schema: {
        operationId: 'getOwnApiKey',
        tags,
        summary: 'Get one of my API keys',
        params: OwnApiKeyParams,
        response: { 200: ApiKeyResource },
      },
    },
    async (request) => apiKeyResource(await apiKeys.get(holderOf(tenantOf(request)), request.params.keyId)),
  );

  app.post(
    '/api-keys/:keyId/rotate',
    {
      config: { ...writing, act: 'api_key.rotate' },
      schema: {
        operationId: 'rotateOwnApiKey',
        tags,
        summary: 'Replace an API key; the old one goes on for a while',
        description:
          'The new key may do what the old one may, which has to be no more than the key of this request may, and lives no longer ' +
          'than that one. The keys that the old one has made belong to the new one from then on.',
        params: OwnApiKeyParams,
        body: RotateApiKey,
        response: { 201: CreatedApiKey },
      },
    },
    async (request, reply) => {
      const { overlapSeconds } = request.body;
      const made = await apiKeys.rotate(holderOf(tenantOf(request)), request.params.keyId, overlapSeconds);
      return reply.code(201).send(createdApiKeyResource(made));
    },
  );

  app.delete(
    '/api-keys/:keyId',
    {
      config: { ...writing, act: 'api_key.revoke' },
      schema: {
        operationId: 'revokeOwnApiKey',
        tags,
        summary: 'Revoke an API key; it opens nothing from then on',
        description:
          'The users whom it signed in by minting tokens are signed out, and the keys that it has made are revoked too, unless ' +
          'you keep them. 200 tells of keys that came of it; 204: there are none.',
        params: OwnApiKeyParams,
        querystring: RevokeQuery,
        response: { 200: RevokedApiKey, 204: NoContent },
      },
    },
    async (request, reply) => {
      const family = await apiKeys.revoke(
        holderOf(tenantOf(request)),
        request.params.keyId,
        request.query.children,
      );
      const told = revokedResource(family);
      return told === null ? reply.code(204).send(null) : reply.code(200).send(told);
    },
  );
};
