import type { SecondFactorService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { tenantOf, userOf } from '../platform/http/access.ts';
import { clientOf } from '../platform/http/client-address.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { IdParams } from '../platform/http/schemas/ids.ts';
import { SignedInUser, tokenSet } from '../sign-in/index.ts';
import {
  EnrolmentResource,
  enrolmentResource,
  RecoveryCodes,
  recoveryCodesOf,
  SecondFactorChallenge,
  SecondFactorCode,
  SecondFactorSignIn,
  SecondFactorState,
} from './schemas.ts';

const SignedInWithCode = SignedInUser.extend({
  recoveryCodes: z
    .array(z.string())
    .optional()
    .meta({ description: 'Where the second factor was set up with this sign-in; never shown again' }),
}).meta({ id: 'SignedInWithCode' });

export interface SecondFactorOptions {
  readonly secondFactor: SecondFactorService;
}

export const secondFactorRoutes: FastifyPluginAsyncZod<SecondFactorOptions> = async (
  app,
  { secondFactor },
) => {
  app.post(
    '/auth/second-factor',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.sign_in', limit: 'auth' },
      schema: {
        operationId: 'signInWithCode',
        tags: ['Authentication'],
        summary: 'Finish a sign-in that wants a second factor',
        body: SecondFactorSignIn,
        response: { 200: SignedInWithCode },
      },
    },
    async (request) => {
      const { challengeToken, code } = request.body;
      const signedIn = await secondFactor.signIn(
        tenantOf(request),
        challengeToken,
        code,
        clientOf(request.ip),
      );
      const { user, tokens, recoveryCodes } = signedIn;
      return {
        user,
        ...tokenSet(tokens),
        ...(recoveryCodes === null ? {} : { recoveryCodes: recoveryCodesOf(recoveryCodes) }),
      };
    },
  );

  app.post(
    '/auth/second-factor/enrol',
    {
      config: { access: 'tenant', scope: 'app', act: 'second_factor.begin', limit: 'auth' },
      schema: {
        operationId: 'enrolWithChallenge',
        tags: ['Authentication'],
        summary: 'Set a second factor up where signing in needs one',
        description: 'Then finish the sign-in with the first code.',
        body: SecondFactorChallenge,
        response: { 200: EnrolmentResource },
      },
    },
    async (request) => {
      const { challengeToken } = request.body;
      return enrolmentResource(await secondFactor.beginWithChallenge(tenantOf(request), challengeToken));
    },
  );

  app.get(
    '/me/second-factor',
    {
      config: { access: 'user', scope: 'app', act: null, limit: 'read' },
      schema: {
        operationId: 'getSecondFactor',
        tags: ['Users'],
        summary: 'Whether the user has a second factor',
        response: { 200: SecondFactorState },
      },
    },
    async (request) => secondFactor.stateOf(userOf(request)),
  );

  app.post(
    '/me/second-factor',
    {
      config: { access: 'user', scope: 'app', act: 'second_factor.begin', limit: 'write' },
      schema: {
        operationId: 'beginSecondFactor',
        tags: ['Users'],
        summary: 'Begin to set a second factor up',
        description: 'It counts when it is confirmed with a first code.',
        response: { 200: EnrolmentResource },
      },
    },
    async (request) => enrolmentResource(await secondFactor.begin(userOf(request))),
  );

  app.post(
    '/me/second-factor/confirm',
    {
      config: { access: 'user', scope: 'app', act: 'second_factor.confirm', limit: 'write' },
      schema: {
        operationId: 'confirmSecondFactor',
        tags: ['Users'],
        summary: 'Confirm the second factor with a first code',
        body: SecondFactorCode,
        response: { 200: RecoveryCodes },
      },
    },
    async (request) => {
      const codes = await secondFactor.confirm(userOf(request), request.body.code, clientOf(request.ip));
      return { recoveryCodes: recoveryCodesOf(codes) };
    },
  );

  app.post(
    '/me/second-factor/remove',
    {
      config: { access: 'user', scope: 'app', act: 'second_factor.remove', limit: 'write' },
      schema: {
        operationId: 'removeSecondFactor',
        tags: ['Users'],
        summary: 'Remove the second factor, with a code of it',
        body: SecondFactorCode,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await secondFactor.remove(userOf(request), request.body.code, clientOf(request.ip));
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/tenant/users/:id/second-factor',
    {
      config: { access: 'tenant', scope: 'users:write', act: 'second_factor.reset', limit: 'write' },
      schema: {
        operationId: 'resetSecondFactor',
        tags: ['Users'],
        summary: 'Remove the second factor of a user who has lost it',
        params: IdParams,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await secondFactor.reset(tenantOf(request), request.params.id);
      return reply.code(204).send(null);
    },
  );
};
