import type { Principal } from '../access/principal.ts';
import { type Actor, type RefusalLog, withAct } from '../audit-context/context.ts';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { toCVaultError } from './problem.ts';

/** Who acts, as the audit log names them. */
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

/** What tells of an attempt at what is somebody else's. That a credential was left out does not. */
const REFUSED = new Set(['unauthenticated', 'forbidden', 'not_found']);
const NO_ATTEMPT = new Set(['missing_api_key', 'missing_token', 'missing_admin_key', 'no_such_route']);

/** Says of everything that a handler changes who does it and by which act, and counts what is refused. */
export const acts = fp<{ refusals: RefusalLog | undefined }>((app, { refusals }, done) => {
  app.addHook('preHandler', (request, _reply, next) => {
    const { act } = request.routeOptions.config;
    const context = { actor: actorOf(request.principal), requestId: request.id };
    // A HEAD runs the handler of its GET, and must change nothing even where that does.
    if (request.method === 'HEAD') withAct({ ...context, act: null, readOnly: true }, next);
    // Null, and on what is no route undefined.
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
