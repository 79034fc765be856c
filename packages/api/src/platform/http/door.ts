/**
 * The checks that every request passes, in this order, whatever its path, method or body:
 *
 * 1. its turn on its connection: one request at a time (connections.ts);
 * 2. its route: unknown routes (404, 405), preflights and public routes wait for a turn among the strangers;
 * 3. its sender (401, 403): a sender without a valid credential waits among the strangers;
 * 4. its rate limits, narrowest first (429), and its scope (403);
 * 5. the headers of its body (413, 415);
 * 6. the arrival of its body (408);
 * 7. a place among the concurrent requests (503);
 * 8. Idempotency-Key, then its handler.
 *
 * Checks 1 to 5 do not wait for the body. An unauthenticated request never reaches 7, never makes the queue of 3
 * look long, and never uses up another sender's limit.
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
import { createTurnstile, type Turn, type Turnstile } from './turnstile.ts';
import { NEW_KEYS, PROBES } from '../limits/limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The place among the concurrent requests. */
    place: Place | null;
    /** The turn among the strangers, held until the answer. */
    turn: Turn | null;
    /** Cancels the wait for the body. */
    arrived: (() => void) | null;
  }
}

export interface DoorOptions {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly strangers: Turnstile;
  /** The maximum of concurrent requests. Further requests are refused. */
  readonly requestsAtOnce: number;
  /** The store of answers to writes, for retries. If undefined, Idempotency-Key is ignored. */
  readonly idempotency: IdempotencyOptions | undefined;
}

/** True if a credential was refused, false if its look-up failed. */
const isRefusal = (error: unknown): boolean =>
  error instanceof CVaultError && (error.kind === 'unauthenticated' || error.kind === 'forbidden');

const goneCheck =
  ({ raw: { socket } }: FastifyRequest) =>
  () =>
    socket.destroyed;

/** Requires CORS. The plugin has already set every header that the browser needs. */
function isPreflight({ corsPreflightEnabled, headers }: FastifyRequest): boolean {
  return (
    corsPreflightEnabled === true &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** Matches paths that leave the folder of the documentation's files. The plugin that serves them would fail. */
const CLIMBS = /^\/docs\/.*(?:\.|%2e){2}(?:\/|\\|%2f|%5c|$)/i;

/** The reason to refuse a request whoever sent it; null if there is none. */
function dismissal(
  { is404, url, routeOptions, server }: FastifyRequest,
  reply: FastifyReply,
): CVaultError | null {
  const { allow } = routeOptions.config;
  if (allow !== undefined) {
    void reply.header('allow', allow);
    return new CVaultError('method_not_allowed', `The route does not know this method. It takes ${allow}.`);
  }
  const path = url.split('?', 1)[0]!;
  // Includes routes with a parameter behind the slash: an empty id is invalid.
  const hasSlash = path.endsWith('/') && !path.startsWith('/docs/');
  const isNoRoute = is404 || routeOptions.url === '*' || hasSlash || CLIMBS.test(path);
  if (!isNoRoute) return null;
  const bare = path.replace(/\/+$/, '');
  return bare !== path && server.knowsPath(bare)
    ? new CVaultError('no_such_route', `Paths end without a slash here: ${bare}`)
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

  /** @throws CVaultError as the authenticator; `rate_limited` after too many invalid credentials from one client */
  async function identify(request: FastifyRequest, reply: FastifyReply): Promise<Principal> {
    const { access } = request.routeOptions.config;
    const look = () => authenticate(request, authenticator);
    const isKnown = access === 'admin' || authenticator.knows(apiKeyOf(request));
    // An unknown key waits for its look-up, so that invented keys cannot fill the pool.
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

  // The work ends with the answer. How fast the client receives it does not matter.
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
