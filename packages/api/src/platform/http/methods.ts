import fp from 'fastify-plugin';

/**
 * Adds routes for the methods that a path does not know, which the door answers with 405 and `Allow`. Register it before the
 * routes: it collects them, and adds its own once all are there.
 */
export const methodNotAllowed = fp((app, _options, done) => {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = known.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    known.set(url, methods);
  });
  app.decorate('refuseOtherMethods', () => {
    for (const [url, methods] of [...known]) {
      // Plugins' routes: a preflight for any path, the documentation's files.
      if (url === '*' || url.startsWith('/docs')) continue;
      const allow = [...methods].sort().join(', ');
      const others = app.supportedMethods.filter((method) => !methods.has(method));
      if (others.length === 0) continue;
      app.route({
        url,
        method: others,
        config: { access: 'public', act: null, limit: 'read', allow },
        schema: { hide: true },
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
