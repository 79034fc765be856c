import type { RecoveryService } from './service.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { NoContent } from '../platform/http/schemas/answers.ts';
import { InvitedUser, LinkToken, MailAccepted, MailRequest, NewPassword } from './schemas.ts';

const tags = ['Authentication'];
const ACCEPTED = { status: 'accepted' } as const;

export interface LinkOptions {
  readonly recovery: RecoveryService;
}

/** Routes that involve the user's mailbox. */
export const linkRoutes: FastifyPluginAsyncZod<LinkOptions> = async (app, { recovery }) => {
  app.post(
    '/auth/forgot-password',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.forget_password', limit: 'auth' },
      schema: {
        operationId: 'forgotPassword',
        tags,
        summary: 'Send a link to choose a new password',
        body: MailRequest,
        response: { 202: MailAccepted },
      },
    },
    async (request, reply) => {
      await recovery.forgotPassword(tenantOf(request), request.body.email);
      return reply.code(202).send(ACCEPTED);
    },
  );

  app.post(
    '/auth/reset-password',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.reset_password', limit: 'auth' },
      schema: {
        operationId: 'resetPassword',
        tags,
        summary: 'Choose a new password with a link: all of the user’s sign-ins end at once',
        body: NewPassword,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const { token, password } = request.body;
      await recovery.resetPassword(tenantOf(request), token, password);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/auth/send-verification',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.send_verification', limit: 'auth' },
      schema: {
        operationId: 'sendVerification',
        tags,
        summary: 'Send a link to confirm the e-mail address',
        body: MailRequest,
        response: { 202: MailAccepted },
      },
    },
    async (request, reply) => {
      await recovery.sendVerification(tenantOf(request), request.body.email);
      return reply.code(202).send(ACCEPTED);
    },
  );

  app.post(
    '/auth/verify-email',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.verify_email', limit: 'auth' },
      schema: {
        operationId: 'verifyEmail',
        tags,
        summary: 'Confirm the e-mail address with a link',
        body: LinkToken,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      await recovery.verifyEmail(tenantOf(request), request.body.token);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/auth/accept-invitation',
    {
      config: { access: 'tenant', scope: 'app', act: 'user.accept_invitation', limit: 'auth' },
      schema: {
        operationId: 'acceptInvitation',
        tags,
        summary: 'Choose the first password with the link of an invitation',
        body: NewPassword,
        response: { 204: NoContent },
      },
    },
    async (request, reply) => {
      const { token, password } = request.body;
      await recovery.acceptInvitation(tenantOf(request), token, password);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/tenant/invitations',
    {
      config: { access: 'tenant', scope: 'users:write', act: 'user.invite', limit: 'write' },
      schema: {
        operationId: 'inviteUser',
        tags: ['Users'],
        summary: 'Make a user who chooses a password by a link in a mail',
        description: 'Sends it again to one who has not chosen yet.',
        body: MailRequest,
        response: { 201: InvitedUser },
      },
    },
    async (request, reply) => {
      const user = await recovery.invite(tenantOf(request), request.body.email);
      return reply.code(201).send({ user });
    },
  );
};
