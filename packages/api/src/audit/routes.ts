import { Readable } from 'node:stream';
import type { AuditEntry } from './entry.ts';
import type { AuditService } from './service.ts';
import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Id } from '../platform/http/schemas/ids.ts';
import { tenantOf } from '../platform/http/access.ts';
import { beforeOf, PageQuery } from '../platform/http/schemas/pages.ts';
import { AuditPage, AuditVerification, lineOf, pageOf, verificationOf } from './schemas.ts';

export interface AuditRoutesOptions {
  readonly audit: AuditService;
}

const OfTenant = {
  tenantId: Id.optional().describe('Absent: of every tenant, and the platform’s own.'),
};

async function* linesOf(entries: AsyncIterable<AuditEntry>): AsyncGenerator<string> {
  for await (const entry of entries) yield lineOf(entry);
}

/** Streams the lines, so that a long log needs no memory. */
function sendLines(reply: FastifyReply, entries: AsyncIterable<AuditEntry>): FastifyReply {
  return reply
    .type('application/jsonl; charset=utf-8')
    .header('content-disposition', 'attachment; filename="audit.jsonl"')
    .send(Readable.from(linesOf(entries)));
}

/** A tenant's own audit log. */
export const tenantAuditRoutes: FastifyPluginAsyncZod<AuditRoutesOptions> = async (app, { audit }) => {
  const config = { access: 'tenant', scope: 'audit:read', act: null, limit: 'costly' } as const;
  const tags = ['Audit'];

  app.get(
    '/audit',
    {
      config,
      schema: {
        operationId: 'listAudit',
        summary: 'Who did what, newest first',
        tags,
        querystring: PageQuery,
        response: { 200: AuditPage },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const scope = { tenantId: tenantOf(request).tenantId };
      return pageOf(await audit.list(scope, { limit, ...beforeOf(cursor) }), limit);
    },
  );

  app.get(
    '/audit.jsonl',
    {
      config,
      schema: {
        operationId: 'exportAudit',
        summary: 'The whole audit log, oldest first, as JSON Lines',
        description: 'Each line is an `AuditEntry`.',
        tags,
      },
    },
    (request, reply) => sendLines(reply, audit.all({ tenantId: tenantOf(request).tenantId })),
  );
};

/** The operator's view: all tenants and the platform. */
export const auditRoutes: FastifyPluginAsyncZod<AuditRoutesOptions> = async (app, { audit }) => {
  const config = { access: 'admin', act: null, limit: 'costly' } as const;
  const tags = ['Platform (operator)'];

  app.get(
    '/audit',
    {
      config,
      schema: {
        operationId: 'listAllAudit',
        summary: 'Who did what, newest first',
        tags,
        querystring: PageQuery.extend(OfTenant),
        response: { 200: AuditPage },
      },
    },
    async (request) => {
      const { limit, cursor, tenantId } = request.query;
      return pageOf(await audit.list({ tenantId: tenantId ?? null }, { limit, ...beforeOf(cursor) }), limit);
    },
  );

  app.get(
    '/audit.jsonl',
    {
      config,
      schema: {
        operationId: 'exportAllAudit',
        summary: 'The whole audit log, oldest first, as JSON Lines',
        description: 'Each line is an `AuditEntry`.',
        tags,
        querystring: z.strictObject(OfTenant),
      },
    },
    (request, reply) => sendLines(reply, audit.all({ tenantId: request.query.tenantId ?? null })),
  );

  app.get(
    '/audit/verification',
    {
      config,
      schema: {
        operationId: 'verifyAudit',
        summary: 'Whether the audit log is as it was written',
        description: 'Goes through every chain and names the first row of each that is not as it was sealed.',
        tags,
        querystring: z.strictObject(OfTenant),
        response: { 200: AuditVerification },
      },
    },
    async (request) => verificationOf(await audit.verify({ tenantId: request.query.tenantId ?? null })),
  );
};
