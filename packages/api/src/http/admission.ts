import { CVaultError } from '@cvault/core';
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

declare module 'fastify' {
  interface FastifyRequest {
    /** A request's place among those in work; null for those that are not counted. */
    place: Place | null;
  }
}

interface Place {
  /** When it was taken, in milliseconds of the process. */
  readonly since: number;
  /** Whose share it counts in; null while that is not known. */
  tenantId: string | null;
  left: boolean;
}

const RETRY_AFTER_SECONDS = 1;
/**
 * Every request first asks PostgreSQL who sends it. What is longest without an answer shows how long the queue is, in this
 * process and before the database, whatever a request does afterwards (wait for a VPN server, hash a password). Measured at
 * twice of what two cores can do: with the places alone, p50 of what was accepted was 3.3 s.
 */
const QUEUE_MS = 500;
/** A queue of that length is a burst for so long: it is worked off. After that nobody is let in behind it. */
const BURST_MS = 5_000;
/** Nor for so long after the last who was refused, or the queue would grow for another burst each time. */
const CALM_MS = 5_000;

const overloaded = (why: string) =>
  new CVaultError('overloaded', why, { retryAfterSeconds: RETRY_AFTER_SECONDS });

/**
 * Counts the requests in work, and refuses what is too much: a request that is refused at once costs next to nothing,
 * one that waits behind a thousand others costs memory, a connection, and is given up by its sender before it is answered.
 *
 * With n tenants at work each may have 1/(n+1) of the places, so a share is always free for one that comes; a tenant alone
 * has half of them.
 */
export function createAdmission(places: number, now: () => number = () => performance.now()) {
  let inWork = 0;
  /** Those whose sender is not known yet, oldest first. */
  const queue = new Set<Place>();
  let longSince: number | null = null;
  let shedsUntil = -Infinity;

  /** Whether the queue is too long to be let in behind it. */
  function isOverloaded(at: number): boolean {
    const [oldest] = queue;
    if (oldest === undefined || at - oldest.since <= QUEUE_MS) {
      longSince = null;
      return false;
    }
    longSince ??= at;
    if (at - longSince > BURST_MS || at < shedsUntil) shedsUntil = at + CALM_MS;
    return at < shedsUntil;
  }
  const ofTenant = new Map<string, number>();

  return {
    /** @throws CVaultError `overloaded` */
    enter(): Place {
      if (inWork >= places) throw overloaded('Too many requests are in work.');
      const since = now();
      if (isOverloaded(since)) throw overloaded('Requests wait for too long.');
      inWork++;
      const place = { since, tenantId: null, left: false };
      queue.add(place);
      return place;
    },

    /**
     * Its sender is known. Counts the place in the tenant's share.
     * @param tenantId null: the operator's, or nobody's
     * @throws CVaultError `overloaded`
     */
    share(place: Place, tenantId: string | null): void {
      queue.delete(place);
      if (tenantId === null) return;
      const own = ofTenant.get(tenantId) ?? 0;
      const others = ofTenant.size - (own > 0 ? 1 : 0);
      if (own >= Math.max(1, Math.floor(places / (others + 2)))) {
        throw overloaded('Too many requests of this tenant are in work.');
      }
      place.tenantId = tenantId;
      ofTenant.set(tenantId, own + 1);
    },

    leave(place: Place): void {
      if (place.left) return;
      place.left = true;
      queue.delete(place);
      inWork--;
      if (place.tenantId === null) return;
      const own = (ofTenant.get(place.tenantId) ?? 1) - 1;
      if (own === 0) ofTenant.delete(place.tenantId);
      else ofTenant.set(place.tenantId, own);
    },

    get inWork() {
      return inWork;
    },
  };
}

export type Admission = ReturnType<typeof createAdmission>;

/** Register it before everything that works on requests. Routes of the limit class `none` are always let in. */
export const admission = fp<{ admission: Admission }>((app, { admission: gate }, done) => {
  app.decorateRequest('place', null);
  app.addHook('onRequest', (request, reply, next) => {
    if (request.routeOptions.config.limit === 'none') {
      next();
      return;
    }
    try {
      const place = gate.enter();
      request.place = place;
      // Whose connection is gone has its place until its handler is done: that is what the place is for.
      reply.raw.once('close', () => {
        if (reply.sent) gate.leave(place);
      });
      next();
    } catch (error) {
      next(error as Error);
    }
  });
  app.addHook('onSend', (request, reply, payload, next) => {
    if (request.place !== null && reply.raw.destroyed) gate.leave(request.place);
    next(null, payload);
  });
  app.addHook('onResponse', (request, _reply, next) => {
    if (request.place !== null) gate.leave(request.place);
    next();
  });
  done();
});

/** Counts a request in its tenant's share, once the tenant is known. @throws CVaultError `overloaded` */
export function takeShare(gate: Admission, { place, principal }: FastifyRequest): void {
  if (place === null) return;
  gate.share(place, principal === null || principal.kind === 'admin' ? null : principal.tenantId);
}
