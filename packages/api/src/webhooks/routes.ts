import type { WebhookService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import { cursorOf, idOfCursor } from '../platform/http/schemas/pages.ts';
import {
  CreateWebhookEndpoint,
  deliveryDetail,
  DeliveryParams,
  DeliveryQuery,
  endpointResource,
  Replayed,
  ReplayFailed,
  RotateWebhookSecret,
  SentMessage,
  UpdateWebhookEndpoint,
  WebhookDeliveryDetail,
  WebhookDeliveryList,
  WebhookEndpointList,
  WebhookEndpointResource,
  WebhookEndpointWithSecret,
} from './schemas.ts';

const tags = ['Webhooks'];
const reads = { access: 'tenant', scope: 'webhooks:read', act: null, limit: 'read' } as const;
const writes = <A extends `webhook.${string}`>(act: A) =>
  ({ access: 'tenant', scope: 'webhooks:write', act, limit: 'write' }) as const;

/** A tenant's webhook endpoints. */
export const webhookRoutes: FastifyPluginAsyncZod<{ webhooks: WebhookService }> = async (
  app,
  { webhooks },
) => {
  app.post(
    '/webhook-endpoints',
    {
      config: writes('webhook.create'),
      schema: {
        operationId: 'createWebhookEndpoint',
        tags,
        summary: 'Create a webhook endpoint',
        body: CreateWebhookEndpoint,
        response: { 201: WebhookEndpointWithSecret },
      },
    },
    async (request, reply) => {
      const { endpoint, secret } = await webhooks.create(tenantOf(request).tenantId, request.body);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .header('location', `/api/v1/tenant/webhook-endpoints/${endpoint.id}`)
        .send({ ...endpointResource(endpoint), secret: secret.reveal() });
    },
  );

  app.get(
    '/webhook-endpoints',
    {
      config: reads,
      schema: {
        operationId: 'listWebhookEndpoints',
        tags,
        summary: 'List webhook endpoints, oldest first',
        response: { 200: WebhookEndpointList },
      },
    },
    async (request) => ({
      webhookEndpoints: (await webhooks.list(tenantOf(request).tenantId)).map(endpointResource),
    }),
  );

  app.get(
    '/webhook-endpoints/:id',
    {
      config: reads,
      schema: {
        operationId: 'getWebhookEndpoint',
        tags,
        summary: 'Get a webhook endpoint',
        params: IdParams,
        response: { 200: WebhookEndpointResource },
      },
    },
    async (request) => endpointResource(await webhooks.get(tenantOf(request).tenantId, request.params.id)),
  );

  app.patch(
    '/webhook-endpoints/:id',
    {
      config: writes('webhook.update'),
      schema: {
        operationId: 'updateWebhookEndpoint',
        tags,
        summary: 'Change, disable or enable a webhook endpoint',
        description:
          'Fields that are left out stay as they are. A disabled endpoint gets no new messages; messages that waited go on when it is enabled.',
        params: IdParams,
        body: UpdateWebhookEndpoint,
        response: { 200: WebhookEndpointResource },
      },
    },
    async (request) =>
      endpointResource(await webhooks.update(tenantOf(request).tenantId, request.params.id, request.body)),
  );

  app.delete(
    '/webhook-endpoints/:id',
    {
      config: writes('webhook.delete'),
      schema: {
        operationId: 'deleteWebhookEndpoint',
        tags,
        summary: 'Delete a webhook endpoint with its log',
        params: IdParams,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await webhooks.remove(tenantOf(request).tenantId, request.params.id);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/webhook-endpoints/:id/rotate-secret',
    {
      config: writes('webhook.rotate_secret'),
      schema: {
        operationId: 'rotateWebhookSecret',
        tags,
        summary: 'Give a webhook endpoint another secret',
        description: 'While both are valid, messages carry a signature by each.',
        params: IdParams,
        body: RotateWebhookSecret,
        response: { 200: WebhookEndpointWithSecret },
      },
    },
    async (request, reply) => {
      const { endpoint, secret } = await webhooks.rotateSecret(
        tenantOf(request).tenantId,
        request.params.id,
        request.body.overlapSeconds,
      );
      return reply
        .header('cache-control', 'no-store')
        .send({ ...endpointResource(endpoint), secret: secret.reveal() });
    },
  );

  app.post(
    '/webhook-endpoints/:id/test',
    {
      config: writes('webhook.test'),
      schema: {
        operationId: 'testWebhookEndpoint',
        tags,
        summary: 'Send a `webhook.test` message',
        description: 'The delivery’s log has the outcome.',
        params: IdParams,
        response: { 202: SentMessage },
      },
    },
    async (request, reply) =>
      reply.code(202).send({ messageId: await webhooks.test(tenantOf(request).tenantId, request.params.id) }),
  );

  app.get(
    '/webhook-endpoints/:id/deliveries',
    {
      config: reads,
      schema: {
        operationId: 'listWebhookDeliveries',
        tags,
        summary: 'Messages sent and waiting, newest first',
        params: IdParams,
        querystring: DeliveryQuery,
        response: { 200: WebhookDeliveryList },
      },
    },
    async (request) => {
      const { limit, cursor, state } = request.query;
      const beforeId = cursor === undefined ? undefined : idOfCursor(cursor);
      const { deliveries, lastId } = await webhooks.deliveries(
        tenantOf(request).tenantId,
        request.params.id,
        { limit, beforeId, state },
      );
      return { deliveries: [...deliveries], nextCursor: lastId === null ? null : cursorOf(lastId) };
    },
  );

  app.get(
    '/webhook-endpoints/:id/deliveries/:messageId',
    {
      config: reads,
      schema: {
        operationId: 'getWebhookDelivery',
        tags,
        summary: 'Get a delivery with its attempts',
        params: DeliveryParams,
        response: { 200: WebhookDeliveryDetail },
      },
    },
    async (request) => {
      const { id, messageId } = request.params;
      return deliveryDetail(await webhooks.delivery(tenantOf(request).tenantId, id, messageId));
    },
  );

  app.post(
    '/webhook-endpoints/:id/deliveries/:messageId/replay',
    {
      config: writes('webhook.replay'),
      schema: {
        operationId: 'replayWebhookDelivery',
        tags,
        summary: 'Send a message again',
        description: 'Under the same id, whatever became of it before.',
        params: DeliveryParams,
        response: { 202: SentMessage },
      },
    },
    async (request, reply) => {
      const { id, messageId } = request.params;
      await webhooks.replay(tenantOf(request).tenantId, id, messageId);
      return reply.code(202).send({ messageId });
    },
  );

  app.post(
    '/webhook-endpoints/:id/replay',
    {
      config: writes('webhook.replay'),
      schema: {
        operationId: 'replayFailedWebhookDeliveries',
        tags,
        summary: 'Send again all that failed since a time',
        params: IdParams,
        body: ReplayFailed,
        response: { 202: Replayed },
      },
    },
    async (request, reply) => {
      const { tenantId } = tenantOf(request);
      const replayed = await webhooks.replayFailed(tenantId, request.params.id, request.body.since);
      return reply.code(202).send({ replayed });
    },
  );
};
