import swaggerUi from '@fastify/swagger-ui';
import fp from 'fastify-plugin';
import { renderErrorsPage } from './error-pages.ts';

/** The page brings its own scripts and styles; nothing inline runs and nothing comes from elsewhere. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** The documentation: /openapi.json for tools, /docs for people, /docs/errors for the codes. */
export const documentation = fp(async (app) => {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title: 'CVault API' },
    uiConfig: { deepLinking: true, docExpansion: 'list', persistAuthorization: false },
  });
  const config = { access: 'public', act: null, limit: 'read' } as const;
  const schema = { hide: true };
  app.get('/openapi.json', { config, schema }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(app.swagger()),
  );
  const page = renderErrorsPage();
  app.get('/docs/errors', { config, schema }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  );
});
