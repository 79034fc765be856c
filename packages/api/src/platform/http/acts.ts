import type { Principal } from '../access/principal.ts';
import { type Actor, type RefusalLog, withAct } from '../audit-context/context.ts';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { toCVaultError } from './problem.ts';

/** The actor of a request, as the audit log records it. */
function actorOf(principal: Principal | null): Actor {
  switch (principal?.kind) {
    case 'user':
      return { kind: 'user', id: principal.userId };
    case 'tenant':
      return { kind: 'api_key', id: principal.key.id };
    case 'admin':
      return { kind: 'admin', id: null };
    case undefined:
      return { kind: 'nobody', id: null };
  }
}

const tenantIdOf = ({ principal }: FastifyRequest): string | null =>
  principal === null || principal.kind === 'admin' ? null : principal.tenantId;

/** Refusals that suggest somebody tried to reach another's data. A missing credential does not. */
const REFUSED = new Set(['unauthenticated', 'forbidden', 'not_found']);
const NO_ATTEMPT = new Set(['missing_api_key', 'missing_token', 'missing_admin_key', 'no_such_route']);

/** Attaches actor and act to everything that a handler changes, and records refusals. */
export const acts = fp<{ refusals: RefusalLog | undefined }>((app, { refusals }, done) => {
  app.addHook('preHandler', (request, _reply, next) => {
    const { act } = request.routeOptions.config;
    const context = { actor: actorOf(request.principal), requestId: request.id };
    // HEAD runs the GET handler. It must not write, even if that handler does.
    if (request.method === 'HEAD') withAct({ ...context, act: null, readOnly: true }, next);
    // `act` is null on read-only routes and undefined if no route matched.
    else if (typeof act !== 'string') next();
    else withAct({ ...context, act }, next);
  });
  app.addHook('onError', (request, _reply, thrown, next) => {
    const { code, kind } = toCVaultError(thrown, () => null);
    if (REFUSED.has(kind) && !NO_ATTEMPT.has(code)) {
      const act = request.routeOptions.config.act ?? 'request.refused';
      const actor = actorOf(request.principal);
      refusals?.note({ tenantId: tenantIdOf(request), act, reason: code, actor, requestId: request.id });
    }
    next();
  });
  done();
});
