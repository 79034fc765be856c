import type { UserService } from '@cvault/core';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf, userOf } from '../../http/access.ts';
import { NoContent } from '../../http/schemas/answers.ts';
import { Login, Refresh, RegisteredUser, RegisterUser, SignedInUser, TokenSet, tokenSet } from './schemas.ts';

const tags = ['Authentication'];

export interface AuthOptions {
  readonly users: UserService;
}

export const authRoutes: FastifyPluginAsyncZod<AuthOptions> = async (app, { users }) => {
  const access = { access: 'tenant', scope: 'app' } as const;

  app.post(
    '/auth/register',
    {
      config: { ...access, act: 'user.register', limit: 'auth' },
      schema: {
        operationId: 'registerUser',
        tags,
        summary: 'Sign a user up',
        body: RegisterUser,
        response: { 201: RegisteredUser },
      },
    },
    async (request, reply) => {
      const { user, tokens } = await users.register(tenantOf(request), request.body);
      return reply.code(201).send({ user, ...tokenSet(tokens) });
    },
  );

  app.post(
    '/auth/login',
    {
      config: { ...access, act: 'user.login', limit: 'auth' },
      schema: {
        operationId: 'login',
        tags,
        summary: 'Sign a user in',
        body: Login,
        response: { 200: SignedInUser },
      },
    },
    async (request) => {
      const { user, tokens } = await users.login(tenantOf(request), request.body);
      return { user, ...tokenSet(tokens) };
    },
  );

  app.post(
    '/auth/refresh',
    {
      config: { ...access, act: 'user.refresh', limit: 'auth' },
      schema: {
        operationId: 'refreshTokens',
        tags,
        summary: 'Exchange a refresh token for new tokens',
        description:
          'A refresh token opens once. Used again, its sign-in ends with all of its tokens: somebody has a copy. Only within ' +
          '10 seconds of its use it is just refused, because two honest tries at once look the same.',
        body: Refresh,
        response: { 200: TokenSet },
      },
    },
    async (request) => tokenSet(await users.refresh(tenantOf(request), request.body.refreshToken)),
  );

  app.post(
    '/auth/logout',
    {
      config: { access: 'user', scope: 'app', act: 'user.logout', limit: 'write' },
      schema: {
        operationId: 'logout',
        tags,
        summary: 'Sign out: this sign-in’s tokens end at once',
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await users.logout(userOf(request));
      return reply.code(204).send(null);
    },
  );
};
