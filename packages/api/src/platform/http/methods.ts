import fp from 'fastify-plugin';

/** A pattern of the paths of a route: `:id` is one part of a path, `*` all that follow. */
const patternOf = (url: string): string =>
  url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+').replace(/\*$/, '.+');

/**
 * Adds a route for each method that a path does not support; the door answers those with 405 and `Allow`. Register
 * it before the routes, which it collects.
 */
export const methodNotAllowed = fp((app, _options, done) => {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = known.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    known.set(url, methods);
  });
  let paths: RegExp | undefined;
  app.decorate('knowsPath', (path: string) => {
    paths ??= new RegExp(
      `^(?:${[...known.keys()]
        .filter((url) => url !== '*')
        .map(patternOf)
        .join('|')})$`,
    );
    return paths.test(path);
  });
  app.decorate('refuseOtherMethods', () => {
    for (const [url, methods] of [...known]) {
      // Routes of plugins: preflights for any path, files of the documentation.
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
    /** Whether a path is a route's, by any method. Ask once all routes are there. */
    knowsPath(path: string): boolean;
  }
}
