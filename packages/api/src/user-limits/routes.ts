import type { UserLimits } from './service.ts';
import type { UserPlan } from './user-limits.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';
import { Id, IdParams } from '../platform/http/schemas/ids.ts';
import { cursorOf, idOfCursor, NextCursor, PageQuery } from '../platform/http/schemas/pages.ts';
import { Limits, UserLimitsInput } from './schemas.ts';

const access = { access: 'admin' } as const;
const tags = ['Tenants (operator)'];

const UserPlanResource = z
  .object({
    id: Id,
    email: z.string(),
    createdAt: Instant,
    deviceCount: z.int(),
    limits: Limits.describe('Limits set for this user. Null: the tenant’s limit'),
    effective: Limits.describe('Limits in force. Null: no limit'),
  })
  .meta({ id: 'UserPlan' });

const UserPlanList = z
  .object({ users: z.array(UserPlanResource), nextCursor: NextCursor })
  .meta({ id: 'UserPlanList' });

function userPlanResource(user: UserPlan): z.infer<typeof UserPlanResource> {
  return { ...user, limits: { ...user.limits }, effective: { ...user.effective } };
}

export const userLimitRoutes: FastifyPluginAsyncZod<{ plans: UserLimits }> = async (app, { plans }) => {
  app.get(
    '/tenants/:id/users',
    {
      config: { ...access, act: null, limit: 'read' },
      schema: {
        operationId: 'listUserPlans',
        tags,
        summary: 'List a tenant’s users with their limits, oldest first',
        params: IdParams,
        querystring: PageQuery,
        response: { 200: UserPlanList },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? undefined : idOfCursor(cursor);
      const { users, lastId } = await plans.users(request.params.id, limit, after);
      return { users: users.map(userPlanResource), nextCursor: lastId === null ? null : cursorOf(lastId) };
    },
  );

  app.patch(
    '/tenants/:id/users/:userId/limits',
    {
      config: { ...access, act: 'user.limit', limit: 'write' },
      schema: {
        operationId: 'limitUser',
        tags,
        summary: 'Set limits for one user, in place of the tenant’s',
        description:
          'Fields that are left out stay as they are; null gives the tenant’s limit back. A limit below what the user has takes nothing away.',
        params: z.strictObject({ id: Id, userId: Id }),
        body: UserLimitsInput,
        response: { 200: UserPlanResource },
      },
    },
    async (request) => {
      const { id, userId } = request.params;
      return userPlanResource(await plans.limitUser(id, userId, request.body));
    },
  );
};
