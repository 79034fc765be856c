import type { UserService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf, userOf } from '../platform/http/access.ts';
import { clientOf } from '../platform/http/client-address.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { SignedInUser, TokenSet, tokenSet } from './token-schemas.ts';
import {
  Challenged,
  challengeResource,
  Login,
  NotYetSignedIn,
  Refresh,
  RegisteredUser,
  RegisterUser,
} from './schemas.ts';

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
        description:
          '202 where the tenant wants e-mails confirmed first: the user signs in after opening the link in the mail. Or where it ' +
          'wants a second factor.',
        body: RegisterUser,
        response: { 201: RegisteredUser, 202: NotYetSignedIn },
      },
    },
    async (request, reply) => {
      const signedUp = await users.register(tenantOf(request), request.body);
      switch (signedUp.outcome) {
        case 'verification_sent':
          return reply.code(202).send({ status: 'verification_sent' as const });
        case 'challenged':
          return reply.code(202).send(challengeResource(signedUp.challenge));
        case 'signed_in':
          return reply.code(201).send({ user: signedUp.user, ...tokenSet(signedUp.tokens) });
      }
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
        description: '202 where a second factor is wanted: finish with /auth/second-factor.',
        body: Login,
        response: { 200: SignedInUser, 202: Challenged },
      },
    },
    async (request, reply) => {
      const entered = await users.login(tenantOf(request), request.body, clientOf(request.ip));
      return entered.outcome === 'challenged'
        ? reply.code(202).send(challengeResource(entered.challenge))
        : reply.code(200).send({ user: entered.user, ...tokenSet(entered.tokens) });
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
