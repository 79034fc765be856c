import { CVaultError } from '../errors.ts';
import { BURST_MS, CALM_MS, QUEUE_MS } from '../limits/limits.ts';

/** One of the places for concurrent requests. */
export interface Place {
  readonly tenantId: string | null;
  left: boolean;
}

const RETRY_AFTER_SECONDS = 1;

const overloaded = (why: string) =>
  new CVaultError('overloaded', why, { retryAfterSeconds: RETRY_AFTER_SECONDS });

/**
 * Limits concurrent requests and refuses the excess. An immediate refusal is nearly free; a request that waits
 * behind a thousand others holds memory and a connection until its sender gives up.
 *
 * Only authenticated senders count. Nobody else holds a place or makes the queue look long.
 *
 * Each of n active tenants may hold 1/(n+1) of the places, so a newcomer always finds a free share. A single tenant
 * may hold half.
 */
export function createAdmission(places: number, now: () => number = () => performance.now()) {
  let inWork = 0;
  /** Start times of unanswered look-ups, oldest first. */
  const lookUps = new Set<{ readonly since: number }>();
  let longSince: number | null = null;
  let shedsUntil = -Infinity;
  const ofTenant = new Map<string, number>();

  function isOverloaded(at: number): boolean {
    const [oldest] = lookUps;
    if (oldest === undefined || at - oldest.since <= QUEUE_MS) {
      longSince = null;
      return false;
    }
    longSince ??= at;
    if (at - longSince > BURST_MS || at < shedsUntil) shedsUntil = at + CALM_MS;
    return at < shedsUntil;
  }

  return {
    /**
     * Runs the look-up for a known API key.
     * @throws CVaultError `overloaded` if look-ups have waited too long
     */
    async lookUp<T>(find: () => Promise<T>): Promise<T> {
      const lookUp = { since: now() };
      if (isOverloaded(lookUp.since)) throw overloaded('Requests wait for too long.');
      lookUps.add(lookUp);
      try {
        return await find();
      } finally {
        lookUps.delete(lookUp);
      }
    },

    /**
     * Takes a place for a request that has arrived completely.
     * @param tenantId null for the operator
     * @throws CVaultError `overloaded`
     */
    enter(tenantId: string | null): Place {
      if (inWork >= places) throw overloaded('Too many requests are in work.');
      if (tenantId !== null) {
        const own = ofTenant.get(tenantId) ?? 0;
        const others = ofTenant.size - (own > 0 ? 1 : 0);
        if (own >= Math.max(1, Math.floor(places / (others + 2)))) {
          throw overloaded('Too many requests of this tenant are in work.');
        }
        ofTenant.set(tenantId, own + 1);
      }
      inWork++;
      return { tenantId, left: false };
    },

    leave(place: Place): void {
      if (place.left) return;
      place.left = true;
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
