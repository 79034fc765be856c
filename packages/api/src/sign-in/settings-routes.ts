import type { SignInSettings, SignInSettingsStore } from './settings.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { tenantOf } from '../platform/http/access.ts';
import { ChangeSignInSettings, SignInSettingsResource } from './settings-schemas.ts';

const tags = ['Users'];

const resource = ({ appUrl, verifiedEmailRequired, secondFactorRequired }: SignInSettings) => ({
  appUrl,
  verifiedEmailRequired,
  secondFactorRequired,
});

/** A tenant's sign-in settings. */
export const signInSettingsRoutes: FastifyPluginAsyncZod<{ settings: SignInSettingsStore }> = async (
  app,
  { settings },
) => {
  app.get(
    '/tenant/sign-in-settings',
    {
      config: { access: 'tenant', scope: 'settings:read', act: null, limit: 'read' },
      schema: {
        operationId: 'getSignInSettings',
        tags,
        summary: 'How your users sign in',
        response: { 200: SignInSettingsResource },
      },
    },
    async (request) => resource(await settings.of(tenantOf(request).tenantId)),
  );

  app.patch(
    '/tenant/sign-in-settings',
    {
      config: { access: 'tenant', scope: 'settings:write', act: 'sign_in_settings.change', limit: 'write' },
      schema: {
        operationId: 'changeSignInSettings',
        tags,
        summary: 'Change how your users sign in',
        description:
          'Fields that are left out stay as they are. They apply to live users too, so a test key cannot change it.',
        body: ChangeSignInSettings,
        response: { 200: SignInSettingsResource },
      },
    },
    async (request) => resource(await settings.change(tenantOf(request).tenantId, request.body)),
  );
};
