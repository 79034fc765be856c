import type { SessionService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { userOf } from '../platform/http/access.ts';
import { Connected, DeviceRef, Disconnected, sessionResource, VpnStatus } from './connect-schemas.ts';

const access = { access: 'user', scope: 'app' } as const;
const tags = ['VPN'];

export interface VpnRoutesOptions {
  readonly sessions: SessionService;
}

export const vpnRoutes: FastifyPluginAsyncZod<VpnRoutesOptions> = async (app, { sessions }) => {
  app.post(
    '/vpn/connect',
    {
      config: { ...access, act: 'session.open', limit: 'write' },
      schema: {
        operationId: 'connect',
        summary: 'Open a session of a device',
        description: '201: opened. 200: it was open already, and the answer is the same.',
        tags,
        body: DeviceRef,
        response: { 200: Connected, 201: Connected },
      },
    },
    async (request, reply) => {
      const { id, connectedAt, opened } = await sessions.connect(userOf(request), request.body.deviceId);
      return reply.code(opened ? 201 : 200).send({
        sessionId: id,
        status: 'connected',
        connectedAt: connectedAt.toISOString(),
        message: opened ? 'The session is open.' : 'The session was open already.',
      });
    },
  );

  app.post(
    '/vpn/disconnect',
    {
      config: { ...access, act: 'session.close', limit: 'write' },
      schema: {
        operationId: 'disconnect',
        summary: 'Close the open session of a device',
        tags,
        body: DeviceRef,
        response: { 200: Disconnected },
      },
    },
    async (request) => {
      const { id, closedAt } = await sessions.disconnect(userOf(request), request.body.deviceId);
      return {
        sessionId: id,
        status: 'disconnected' as const,
        disconnectedAt: closedAt.toISOString(),
        message: 'The session is closed.',
      };
    },
  );

  app.get(
    '/vpn/status',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'getVpnStatus',
        summary: 'My open sessions',
        tags,
        response: { 200: VpnStatus },
      },
    },
    async (request) => {
      const open = await sessions.listOpen(userOf(request));
      return { sessions: open.map(sessionResource), connectedDevices: open.length };
    },
  );
};
