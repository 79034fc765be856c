import type { AccountService } from './account.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { userOf } from '../platform/http/access.ts';
import { clientOf } from '../platform/http/client-address.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import { ChangePassword, SignInList } from './account-schemas.ts';

const tags = ['Users'];

export interface AccountOptions {
  readonly accounts: AccountService;
}

export const accountRoutes: FastifyPluginAsyncZod<AccountOptions> = async (app, { accounts }) => {
  app.post(
    '/auth/logout-everywhere',
    {
      config: { access: 'user', scope: 'app', act: 'user.logout_everywhere', limit: 'write' },
      schema: {
        operationId: 'logoutEverywhere',
        tags,
        summary: 'Sign out on every device: all tokens of the user end at once',
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await accounts.logoutEverywhere(userOf(request));
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/me/password',
    {
      config: { access: 'user', scope: 'app', act: 'user.change_password', limit: 'write' },
      schema: {
        operationId: 'changePassword',
        tags,
        summary: 'Change the password: all other sign-ins end at once',
        body: ChangePassword,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await accounts.changePassword(userOf(request), request.body, clientOf(request.ip));
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/me/sign-ins',
    {
      config: { access: 'user', scope: 'app', act: null, limit: 'read' },
      schema: {
        operationId: 'listSignIns',
        tags,
        summary: 'Where the user is signed in, newest first',
        response: { 200: SignInList },
      },
    },
    async (request) => {
      const principal = userOf(request);
      const signIns = await accounts.listSignIns(principal);
      return {
        signIns: signIns.map((signIn) => ({ ...signIn, current: signIn.id === principal.signInId })),
      };
    },
  );

  app.delete(
    '/me/sign-ins/:id',
    {
      config: { access: 'user', scope: 'app', act: 'user.end_sign_in', limit: 'write' },
      schema: {
        operationId: 'endSignIn',
        tags,
        summary: 'End one sign-in: its tokens end at once',
        params: IdParams,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await accounts.endSignIn(userOf(request), request.params.id);
      return reply.code(204).send(null);
    },
  );
};
