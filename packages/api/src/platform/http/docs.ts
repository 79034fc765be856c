import swaggerUi from '@fastify/swagger-ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { CVaultError } from '../errors.ts';
import { renderErrorsPage } from './error-pages.ts';

/** The page ships its own scripts and styles. Nothing runs inline or comes from elsewhere. */
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

/** Names that the page's files may have. @fastify/static answers 500 to some others. */
const FILE_NAME = /^[\w.-]{1,100}$/;

/** Serves the documentation: /openapi.json for tools, /docs for people, /docs/errors for error codes. */
export const documentation = fp<{ pathPrefix: string }>(async (app, { pathPrefix }) => {
  // Serialized once: 300 KB per request would block the process for milliseconds, and for about 50 ms as YAML.
  let json: string | undefined;
  let yaml: string | undefined;
  const sendJson = (_request: FastifyRequest, reply: FastifyReply) =>
    reply.type('application/json; charset=utf-8').send((json ??= JSON.stringify(app.swagger())));
  const sendYaml = (_request: FastifyRequest, reply: FastifyReply) =>
    reply.type('application/yaml; charset=utf-8').send((yaml ??= app.swagger({ yaml: true })));
  app.addHook('onRoute', (route) => {
    if (route.url === '/docs/json') route.handler = sendJson;
    if (route.url === '/docs/yaml') route.handler = sendYaml;
    if (route.url === '/docs/static/*') {
      route.preHandler = (request, _reply, next) => {
        const { '*': name = '' } = request.params as { '*'?: string };
        next(FILE_NAME.test(name) ? undefined : new CVaultError('no_such_route', 'There is no such file.'));
      };
    }
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: pathPrefix,
    staticCSP: CONTENT_SECURITY_POLICY,
    theme: { title: 'CVault API' },
    uiConfig: { deepLinking: true, docExpansion: 'list', persistAuthorization: false },
  });
  const config = { access: 'public', act: null, limit: 'read' } as const;
  const schema = { hide: true };
  app.get('/openapi.json', { config, schema }, sendJson);
  const page = renderErrorsPage();
  app.get('/docs/errors', { config, schema }, (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(page),
  );
});
