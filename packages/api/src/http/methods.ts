import { CVaultError } from '@cvault/core';
import fp from 'fastify-plugin';

/**
 * Answers 405 with `Allow` where the path is known and the method is not. Register it before the routes: it collects
 * them, and adds its own for the methods that are left once all are there.
 */
export const methodNotAllowed = fp((app, _options, done) => {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = known.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    known.set(url, methods);
  });
  app.decorate('refuseOtherMethods', () => {
    const preflights = known.get('*')?.has('OPTIONS') ?? false;
    for (const [url, methods] of [...known]) {
      // Plugins' routes: a preflight for any path, the documentation's files.
      if (url === '*' || url.startsWith('/docs')) continue;
      const allow = [...methods].sort().join(', ');
      const others = app.supportedMethods.filter(
        (method) => !methods.has(method) && !(preflights && method === 'OPTIONS'),
      );
      if (others.length === 0) continue;
      app.route({
        url,
        method: others,
        config: { access: 'public', act: null, limit: 'read' },
        schema: { hide: true },
        // Before the body is looked at: what it holds does not matter.
        onRequest: (_request, reply, next) => {
          void reply.header('allow', allow);
          next(new CVaultError('method_not_allowed', `This route knows ${allow}.`));
        },
        handler: () => undefined,
      });
    }
  });
  done();
});

declare module 'fastify' {
  interface FastifyInstance {
    /** Call it once, after the last route. */
    refuseOtherMethods(): void;
  }
}
