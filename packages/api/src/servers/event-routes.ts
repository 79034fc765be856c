import { SERVER_EVENTS, type ServerEventStore } from './events.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Id } from '../platform/http/schemas/ids.ts';
import { Instant } from '../platform/http/schemas/answers.ts';
import { beforeOf, cursorOfNumber, NextCursor, PageQuery } from '../platform/http/schemas/pages.ts';

const EventType = z.enum(SERVER_EVENTS);

const ServerEventResource = z
  .object({
    id: z.int(),
    at: Instant,
    type: EventType.describe(
      '`degraded`: its agent found something that it cannot mend; `restored`: that is over; `mended`: somebody changed ' +
        'what the agent had set up, and the agent put it right.',
    ),
    serverId: z.uuid(),
    serverName: z.string(),
    code: z.string().describe('The subject, such as `forwarding_off`.'),
    detail: z.string(),
  })
  .meta({ id: 'ServerEvent' });

const ServerEventPage = z
  .object({ events: z.array(ServerEventResource), nextCursor: NextCursor })
  .meta({ id: 'ServerEventPage' });

/** Events of VPN servers, kept for 90 days. */
export const serverEventRoutes: FastifyPluginAsyncZod<{ serverEvents: ServerEventStore }> = async (
  app,
  { serverEvents },
) => {
  app.get(
    '/events',
    {
      config: { access: 'admin', act: null, limit: 'read' },
      schema: {
        operationId: 'listServerEvents',
        summary: 'Events of VPN servers, newest first',
        tags: ['VPN servers (operator)'],
        querystring: PageQuery.extend({ serverId: Id.optional(), type: EventType.optional() }),
        response: { 200: ServerEventPage },
      },
    },
    async (request) => {
      const { limit, cursor, serverId, type } = request.query;
      const events = await serverEvents.list({ serverId, type, limit, ...beforeOf(cursor) });
      return {
        events,
        nextCursor: events.length < limit ? null : cursorOfNumber(events.at(-1)!.id),
      };
    },
  );
};
