/**
 * What every request passes, in this order, whatever its path, method or body:
 *
 * 1. its turn on its connection: one request at a time (connections.ts);
 * 2. whether it asks for a route at all (404, 405), for a preflight or for what is public: a turn of the strangers;
 * 3. who sends it (401, 403); whoever cannot say goes with the strangers;
 * 4. its limits, narrowest first (429), and its scope (403);
 * 5. what its headers say of the body (413, 415);
 * 6. the body, which has to arrive in time (408);
 * 7. a place among the requests in work (503);
 * 8. whether it was sent before (Idempotency-Key), and its handler.
 *
 * Nothing before 6 waits for the body. Nobody who is not authenticated gets to 7, makes the queue of 3 look long, or uses up a
 * limit that is somebody else's.
 */
import type { Authenticator } from '../access/authenticator.ts';
import { checkScope } from '../access/grant.ts';
import type { Principal } from '../access/principal.ts';
import { CVaultError } from '../errors.ts';
import type { RateLimiter } from '../limits/rate-limiter.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { apiKeyOf, authenticate, checkDeclaration } from './access.ts';
import { createAdmission, type Place } from './admission.ts';
import { boundArrival, checkBodyHeaders, strictJson } from './body.ts';
import { clientOf } from './client-address.ts';
import { boundDelivery } from './connections.ts';
import { idempotency, type IdempotencyOptions } from '../idempotency/replay.ts';
import { layersOf, spend, strangerLayers } from './rate-limit.ts';
import { createTurnstile, type Turn, type Turnstile, type TurnstileLimits } from './turnstile.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Its place among those in work. */
    place: Place | null;
    /** Its turn among the strangers, until it is answered. */
    turn: Turn | null;
    /** Ends the wait for its body. */
    arrived: (() => void) | null;
  }
}

export interface DoorOptions {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly strangers: Turnstile;
  /** Requests that are worked on at once; more are refused. */
  readonly requestsAtOnce: number;
  /** Where writes that are sent again are remembered; absent: Idempotency-Key is not looked at. */
  readonly idempotency: IdempotencyOptions | undefined;
}

/**
 * For whoever has no valid credential: 404, 405, documentation, public keys, preflights, wrong keys. An answer costs some 0.3 ms,
 * so however many ask, they have a few hundredths of the process. The burst is for a person who opens the documentation.
 */
export const STRANGERS: TurnstileLimits = { inside: 2, perSecond: 200, burst: 1_000, waiting: 10_000 };
/**
 * For API keys of the right form that this process has not seen yet, real or made up. Two at once leave the other connections
 * of the pool to keys that are known.
 */
const NEW_KEYS: TurnstileLimits = { inside: 2, perSecond: 100, burst: 500, waiting: 10_000 };
/** For the probes of load balancers, which no other flood delays. */
const PROBES: TurnstileLimits = { inside: 32, perSecond: 100, burst: 500, waiting: 10_000 };

/** Refusals of a credential, as opposed to failures to look it up. */
const isRefusal = (error: unknown): boolean =>
  error instanceof CVaultError && (error.kind === 'unauthenticated' || error.kind === 'forbidden');

const goneCheck =
  ({ raw: { socket } }: FastifyRequest) =>
  () =>
    socket.destroyed;

/** Where CORS is on, and its plugin has said all that a browser asks. */
function isPreflight({ corsPreflightEnabled, headers }: FastifyRequest): boolean {
  return (
    corsPreflightEnabled === true &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** A path that leaves the folder of the documentation's files; the plugin that serves them would fail on it. */
const CLIMBS = /^\/docs\/.*(?:\.|%2e){2}(?:\/|\\|%2f|%5c|$)/i;

/** Why there is nothing to do for a request, whoever sends it; null where there is. */
function dismissal({ is404, url, routeOptions }: FastifyRequest, reply: FastifyReply): CVaultError | null {
  const { allow } = routeOptions.config;
  if (allow !== undefined) {
    void reply.header('allow', allow);
    return new CVaultError('method_not_allowed', `The route does not know this method. It takes ${allow}.`);
  }
  const path = url.split('?', 1)[0]!;
  // Also where a route takes what is behind the slash: an empty id is none.
  const hasSlash = path.endsWith('/') && !path.startsWith('/docs/');
  const isNoRoute = is404 || routeOptions.url === '*' || hasSlash || CLIMBS.test(path);
  if (!isNoRoute) return null;
  return path.length > 1 && path.endsWith('/')
    ? new CVaultError('no_such_route', `Paths end without a slash here: ${path.replace(/\/+$/, '') || '/'}`)
    : new CVaultError('no_such_route', 'There is no such route.');
}

export const door = fp<DoorOptions>(async (app, options) => {
  const { authenticator, limiter, strangers } = options;
  const newKeys = createTurnstile(NEW_KEYS);
  const probes = createTurnstile(PROBES);
  const admission = createAdmission(options.requestsAtOnce);
  app.decorateRequest('principal', null);
  app.decorateRequest('place', null);
  app.decorateRequest('turn', null);
  app.decorateRequest('arrived', null);
  app.addHook('onRoute', checkDeclaration);

  const enter = (turnstile: Turnstile, request: FastifyRequest) =>
    turnstile.enter(clientOf(request.ip), goneCheck(request));

  /** @throws CVaultError what refuses the credentials; `rate_limited` for a client that has sent too many of those */
  async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    const { access } = request.routeOptions.config;
    const look = () => authenticate(request, authenticator);
    const isKnown = access === 'admin' || authenticator.knows(apiKeyOf(request));
    // A key that is not known to be real waits for its look-up, so made-up ones cannot fill the pool.
    let turn = isKnown ? null : await enter(newKeys, request);
    try {
      const principal = await (isKnown && access !== 'admin' ? admission.lookUp(look) : look());
      turn?.refund();
      return principal;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      turn ??= await enter(strangers, request);
      await spend(limiter, strangerLayers(clientOf(request.ip)), reply);
      throw error;
    } finally {
      turn?.leave();
    }
  }

  app.addHook('onRequest', async (request, reply) => {
    const { access, limit, scope } = request.routeOptions.config;
    if (access === 'public' && limit === 'none') {
      request.turn = await enter(probes, request);
      return;
    }
    const client = clientOf(request.ip);
    const dismissed = dismissal(request, reply);
    if (access === 'public' || dismissed !== null) {
      request.turn = await enter(strangers, request);
      await spend(limiter, strangerLayers(client), reply);
      if (isPreflight(request)) return reply.code(204).header('content-length', '0').send();
      if (dismissed !== null) throw dismissed;
      return;
    }
    request.principal = await identify(request, reply);
    await spend(limiter, layersOf(request.principal, client, limit), reply);
    if (request.principal.kind !== 'admin') checkScope(request.principal.key, scope!);
    checkBodyHeaders(request);
  });

  await app.register(strictJson);
  app.addHook('preParsing', (request, reply, payload, next) => {
    request.arrived = boundArrival(request, reply);
    next(null, payload);
  });

  app.addHook('preValidation', (request, reply, next) => {
    request.arrived?.();
    const { principal, routeOptions } = request;
    if (reply.sent || principal === null || routeOptions.config.limit === 'none') return next();
    try {
      request.place = admission.enter(principal.kind === 'admin' ? null : principal.tenantId);
      next();
    } catch (error) {
      next(error as CVaultError);
    }
  });

  if (options.idempotency === undefined) app.decorateRequest('retry', null);
  else await app.register(idempotency, options.idempotency);

  // The work is done when the answer exists. How fast its client takes it concerns nobody else.
  const leave = (request: FastifyRequest) => {
    request.arrived?.();
    request.turn?.leave();
    if (request.place !== null) admission.leave(request.place);
  };
  app.addHook('onSend', (request, reply, payload, next) => {
    leave(request);
    boundDelivery(request.raw, reply.raw);
    next(null, payload);
  });
  app.addHook('onResponse', (request, _reply, next) => {
    leave(request);
    next();
  });
});
