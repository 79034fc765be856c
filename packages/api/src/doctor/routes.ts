import type { Clock } from '../platform/clock.ts';
import { BREACHES, type Breach } from './finding.ts';
import type { Doctor } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';

const Finding = z
  .object({
    breach: z.enum(Object.keys(BREACHES) as [Breach, ...Breach[]]),
    meaning: z.string(),
    serverId: z.uuid().nullable(),
    tenantId: z.uuid().nullable(),
    subject: z.string().describe('The device, address, lease or tenant that it is about.'),
    detail: z.string(),
  })
  .meta({ id: 'Finding' });

const Examination = z
  .object({
    healthy: z.boolean().describe('Nothing was found, and everything that was asked for could be looked at.'),
    examinedAt: Instant,
    findings: z.array(Finding),
    interfacesExamined: z.int().nullable().describe('Null unless `deep`.'),
    unreachable: z.array(z.uuid()).describe('VPN servers of whose interfaces nothing is known.'),
    repairs: z
      .array(
        z.object({
          serverId: z.uuid(),
          serverName: z.string(),
          at: Instant,
          code: z.string(),
          detail: z.string(),
        }),
      )
      .describe(
        'Faults that agents repaired on their hosts in the last 24 hours, newest first. They are no findings.',
      ),
  })
  .meta({ id: 'Examination' });

export const doctorRoutes: FastifyPluginAsyncZod<{ doctor: Doctor; clock: Clock }> = async (
  app,
  { doctor, clock },
) => {
  app.get(
    '/doctor',
    {
      config: { access: 'admin', act: null, limit: 'costly' },
      schema: {
        operationId: 'examine',
        summary: 'Compare everything that must agree',
        description:
          'Database, leases, quota counters, queued changes and registered keys; with `deep=true` every interface, too. ' +
          'Changes nothing. What merely waits to be applied is no finding.',
        tags: ['Platform (operator)'],
        querystring: z.strictObject({ deep: z.enum(['true', 'false']).default('false') }),
        response: { 200: Examination },
      },
    },
    async (request) => {
      const { findings, interfacesExamined, unreachable, repairs } = await doctor.examine(
        request.query.deep === 'true',
      );
      return {
        healthy: findings.length === 0 && unreachable.length === 0,
        examinedAt: clock.now(),
        findings: findings.map((finding) => ({ ...finding, meaning: BREACHES[finding.breach] })),
        interfacesExamined,
        unreachable: [...unreachable],
        repairs: repairs.map(({ serverId, serverName, at, code, detail }) => ({
          ...{ serverId, serverName, at, code, detail },
        })),
      };
    },
  );
};
