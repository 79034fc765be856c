import type { DeviceService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import encodeQR from 'qr';
import { z } from 'zod';
import { CVaultError } from '../platform/errors.ts';
import { userOf } from '../platform/http/access.ts';
import { attemptOf } from '../platform/idempotency/replay.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import {
  configuredDeviceResource,
  DeviceList,
  deviceResource,
  MoveDevice,
  DeviceResource,
  RegisterDevice,
  RegisteredDeviceResource,
  RotateDevice,
  UpdateDevice,
  WaitQuery,
} from './schemas.ts';
import { renderPng } from './png.ts';

/** The light border that a phone's camera needs around the code (ISO/IEC 18004: four modules). */
const QR_BORDER = 4;
/** Pixels per module of the PNG. */
const QR_SCALE = 6;

/**
 * @throws CVaultError `configuration_too_long` if no QR code holds so much (2,331 bytes at the usual error
 * correction)
 */
function withinCode<T>(encode: () => T): T {
  try {
    return encode();
  } catch (cause) {
    throw new CVaultError('configuration_too_long', 'This configuration is too long for a QR code.', {
      cause,
    });
  }
}

const svgOf = (config: string) => withinCode(() => encodeQR(config, 'svg', { border: QR_BORDER }));
const pngOf = (config: string) =>
  renderPng(
    withinCode(() => encodeQR(config, 'raw', { border: QR_BORDER })),
    QR_SCALE,
  );

const access = { access: 'user', scope: 'app' } as const;
const tags = ['Devices'];

export const deviceRoutes: FastifyPluginAsyncZod<{ devices: DeviceService }> = async (app, { devices }) => {
  app.post(
    '/devices',
    {
      config: { ...access, act: 'device.register', limit: 'write' },
      schema: {
        operationId: 'registerDevice',
        summary: 'Register a device',
        description:
          '201: packets flow as soon as the answer is there. 202: the VPN server cannot be reached just now; the device ' +
          'becomes active by itself when it is back.',
        tags,
        querystring: WaitQuery,
        body: RegisterDevice,
        response: { 201: RegisteredDeviceResource, 202: RegisteredDeviceResource },
      },
    },
    async (request, reply) => {
      const registered = await devices.register(
        userOf(request),
        request.body,
        request.query.wait,
        attemptOf(request),
      );
      return reply
        .code(registered.status === 'active' ? 201 : 202)
        .header('location', `/api/v1/devices/${registered.device.id}`)
        .send(configuredDeviceResource(registered));
    },
  );

  app.get(
    '/devices',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: { operationId: 'listDevices', summary: 'List my devices', tags, response: { 200: DeviceList } },
    },
    async (request) => {
      const list = await devices.list(userOf(request));
      return { devices: list.map((device) => deviceResource(device)), totalCount: list.length };
    },
  );

  app.get(
    '/devices/:id',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'getDevice',
        summary: 'Get a device',
        tags,
        params: IdParams,
        response: { 200: DeviceResource },
      },
    },
    async (request) => deviceResource(await devices.get(userOf(request), request.params.id)),
  );

  app.patch(
    '/devices/:id',
    {
      config: { ...access, act: 'device.update', limit: 'write' },
      schema: {
        operationId: 'updateDevice',
        summary: 'Change a device',
        description:
          'Fields that are left out stay as they are. New resolvers, search domains, routes, MTU and keepalive are in the configuration from now on; the device has to fetch it. ' +
          'A new expiry brings an expired device back: 202 where its VPN server has not acknowledged that yet.',
        tags,
        params: IdParams,
        querystring: WaitQuery,
        body: UpdateDevice,
        response: { 200: DeviceResource, 202: DeviceResource },
      },
    },
    async (request, reply) => {
      const { device, status } = await devices.update(
        userOf(request),
        request.params.id,
        request.body,
        request.query.wait,
      );
      return reply.code(status === 'pending' ? 202 : 200).send(deviceResource(device, status));
    },
  );

  app.post(
    '/devices/:id/rotate',
    {
      config: { ...access, act: 'device.rotate', limit: 'write' },
      schema: {
        operationId: 'rotateDevice',
        summary: 'Change a device’s keys',
        description:
          'Id and addresses stay; the answer has the new configuration. The old key stops when the new one is first used, at the ' +
          'latest after `overlapSeconds`. Brings back a device that is held because its key ' +
          'is too old. 202: the VPN server has not acknowledged it yet.',
        tags,
        params: IdParams,
        querystring: WaitQuery,
        body: RotateDevice,
        response: { 200: RegisteredDeviceResource, 202: RegisteredDeviceResource },
      },
    },
    async (request, reply) => {
      const rotated = await devices.rotate(
        userOf(request),
        request.params.id,
        request.body,
        request.query.wait,
      );
      return reply.code(rotated.status === 'pending' ? 202 : 200).send(configuredDeviceResource(rotated));
    },
  );

  app.post(
    '/devices/:id/move',
    {
      config: { ...access, act: 'device.move', limit: 'write' },
      schema: {
        operationId: 'moveDevice',
        summary: 'Move a device to another VPN server',
        description:
          'It keeps its id and its key and gets another address, so it needs the configuration that is answered. What is in ' +
          'its place already stays as it is. 200: packets flow with it at once. 202: the new VPN server cannot be reached ' +
          'just now, or the device is suspended. Either way the old one no longer carries it once it has heard of it. ' +
          'Brings back a device that has failed, to the same VPN server if that is named; it counts again then.',
        tags,
        params: IdParams,
        querystring: WaitQuery,
        body: MoveDevice,
        response: { 200: RegisteredDeviceResource, 202: RegisteredDeviceResource },
      },
    },
    async (request, reply) => {
      const moved = await devices.move(userOf(request), request.params.id, request.body, request.query.wait);
      return reply.code(moved.status === 'active' ? 200 : 202).send(configuredDeviceResource(moved));
    },
  );

  app.delete(
    '/devices/:id',
    {
      config: { ...access, act: 'device.delete', limit: 'write' },
      schema: {
        operationId: 'deleteDevice',
        summary: 'Delete a device',
        description:
          '204: the VPN server has removed it, its next packet does not pass. 202: the VPN server cannot be reached just ' +
          'now; the device is removed as soon as it is back.',
        tags,
        params: IdParams,
        response: {
          202: z.object({ id: z.uuid(), status: z.literal('removing') }).meta({ id: 'RemovingDevice' }),
          204: z.null(),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const outcome = await devices.remove(userOf(request), id);
      return outcome === 'removed'
        ? reply.code(204).send(null)
        : reply.code(202).send({ id, status: 'removing' as const });
    },
  );

  app.get(
    '/devices/:id/config',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'getDeviceConfig',
        summary: 'Get a device’s WireGuard configuration',
        description:
          'As text, in a file whose name tells devices apart, or as a QR code that the WireGuard apps for phones read. 409 for a QR ' +
          'code of a device that made its own key: an app could do nothing with it.',
        tags,
        params: IdParams,
        querystring: z.strictObject({
          format: z.enum(['text', 'qr']).default('text'),
          image: z.enum(['png', 'svg']).default('png').describe('The kind of image with `format=qr`.'),
          endpoint: z
            .enum(['ipv4', 'ipv6'])
            .optional()
            .describe('How the VPN server is to be reached. Absent: over IPv4 where it has both.'),
          family: z
            .enum(['ipv4', 'ipv6'])
            .optional()
            .describe(
              'The only family of addresses, resolvers and routes in the file, for a client without the other. Absent: both.',
            ),
        }),
      },
    },
    async (request, reply) => {
      const { format, image, endpoint, family } = request.query;
      const { text: config, tunnelName } = await devices.config(userOf(request), request.params.id, {
        endpoint,
        family,
        wholeOnly: format === 'qr',
        previewOnly: request.method === 'HEAD',
      });
      reply.header('cache-control', 'no-store');
      if (format === 'text') {
        return reply
          .type('text/plain; charset=utf-8')
          .header('content-disposition', `attachment; filename="${tunnelName}.conf"`)
          .send(config);
      }
      if (image === 'svg') return reply.type('image/svg+xml').send(svgOf(config));
      return reply.type('image/png').send(pngOf(config));
    },
  );
};
