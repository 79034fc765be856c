import type { TenantUser, UserDirectory } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { scopeOf } from '../platform/http/access.ts';
import { attemptOf } from '../platform/idempotency/replay.ts';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Email } from '../platform/http/schemas/credentials.ts';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';
import { ExternalId, Metadata, MetadataResource } from '../platform/http/schemas/external-ids.ts';
import { cursorOf, idOfCursor, NextCursor, PageQuery } from '../platform/http/schemas/pages.ts';
import { Limits, UserLimitsInput } from '../user-limits/index.ts';

const tags = ['Users (tenant)'];
const reading = { access: 'tenant', scope: 'users:read', act: null, limit: 'read' } as const;
const writing = { access: 'tenant', scope: 'users:write', limit: 'write' } as const;

const State = z.enum(['active', 'suspended', 'deleting']);

const CreateUser = z
  .strictObject({
    email: Email,
    externalId: ExternalId.nullable().optional(),
    metadata: Metadata.optional(),
  })
  .meta({ id: 'CreateUser' });

const UpdateUser = z
  .strictObject({
    externalId: ExternalId.nullable().optional(),
    metadata: Metadata.optional(),
    limits: UserLimitsInput.optional().describe(
      'Fields that are left out stay as they are; null gives your own limit back. If your plan has a limit, yours is at most that.',
    ),
  })
  .refine(
    (changes) => Object.values(changes).some((value) => value !== undefined),
    'must name at least one field to change',
  )
  .meta({ id: 'UpdateUser' });

const TenantUserResource = z
  .object({
    id: Id,
    email: z.string(),
    externalId: z.string().nullable(),
    metadata: MetadataResource,
    state: State,
    deviceCount: z.int(),
    limits: Limits.describe('Limits set for this user. Null: your own limit'),
    effective: Limits.describe('Limits in force. Null: no limit'),
    createdAt: Instant,
  })
  .meta({ id: 'TenantUser' });

const TenantUserList = z
  .object({ users: z.array(TenantUserResource), nextCursor: NextCursor })
  .meta({ id: 'TenantUserList' });

function userResource(user: TenantUser): z.infer<typeof TenantUserResource> {
  const { id, email, externalId, state, deviceCount, createdAt } = user;
  return {
    id,
    email,
    externalId,
    metadata: { ...user.metadata },
    state,
    deviceCount,
    limits: { ...user.limits },
    effective: { ...user.effective },
    createdAt,
  };
}

/** A tenant's users, for its backend. */
export const tenantUserRoutes: FastifyPluginAsyncZod<{ users: UserDirectory }> = async (app, { users }) => {
  app.post(
    '/users',
    {
      config: { ...writing, act: 'user.create' },
      schema: {
        operationId: 'createUser',
        tags,
        summary: 'Create a user without a password',
        description:
          'The user signs in by an invitation, by your own identity provider, or with tokens that you ask for.',
        body: CreateUser,
        response: { 201: TenantUserResource },
      },
    },
    async (request, reply) => {
      const user = await users.create(scopeOf(request), request.body, attemptOf(request).id);
      return reply.code(201).header('location', `/api/v1/tenant/users/${user.id}`).send(userResource(user));
    },
  );

  app.get(
    '/users',
    {
      config: reading,
      schema: {
        operationId: 'listUsers',
        tags,
        summary: 'List my users, oldest first',
        querystring: PageQuery.extend({
          email: Email.optional(),
          externalId: ExternalId.optional(),
          state: State.optional(),
        }),
        response: { 200: TenantUserList },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const afterId = cursor === undefined ? undefined : idOfCursor(cursor);
      const page = await users.list(scopeOf(request), filter, limit, afterId);
      return {
        users: page.users.map(userResource),
        nextCursor: page.lastId === null ? null : cursorOf(page.lastId),
      };
    },
  );

  app.get(
    '/users/:id',
    {
      config: reading,
      schema: {
        operationId: 'getUser',
        tags,
        summary: 'Get a user',
        params: IdParams,
        response: { 200: TenantUserResource },
      },
    },
    async (request) => userResource(await users.get(scopeOf(request), request.params.id)),
  );

  app.patch(
    '/users/:id',
    {
      config: { ...writing, act: 'user.update' },
      schema: {
        operationId: 'updateUser',
        tags,
        summary: 'Change what you keep with a user, and the user’s limits',
        description: 'Fields that are left out stay as they are.',
        params: IdParams,
        body: UpdateUser,
        response: { 200: TenantUserResource },
      },
    },
    async (request) => userResource(await users.update(scopeOf(request), request.params.id, request.body)),
  );

  for (const [action, summary, description] of [
    [
      'suspend',
      'Suspend a user',
      'The user’s tokens open nothing and the devices have no tunnel, until the user is resumed.',
    ],
    ['resume', 'Resume a suspended user', 'Brings back exactly what the suspension took.'],
  ] as const) {
    app.post(
      `/users/:id/${action}`,
      {
        config: { ...writing, act: `user.${action}` },
        schema: {
          operationId: `${action}User`,
          tags,
          summary,
          description,
          params: IdParams,
          response: { 200: TenantUserResource },
        },
      },
      async (request) => userResource(await users[action](scopeOf(request), request.params.id)),
    );
  }

  app.delete(
    '/users/:id',
    {
      config: { ...writing, act: 'user.delete' },
      schema: {
        operationId: 'deleteUser',
        tags,
        summary: 'Delete a user with all devices and sessions',
        description:
          'From now on nothing of the user opens anything. The user is gone from the list when the VPN servers have ' +
          'acknowledged the removal of the devices, and until then `deleting`.',
        params: IdParams,
        response: { 202: z.object({ id: Id, status: z.literal('deleting') }).meta({ id: 'DeletingUser' }) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await users.remove(scopeOf(request), id);
      return reply.code(202).send({ id, status: 'deleting' as const });
    },
  );
};
