import { CVaultError } from '../errors.ts';

/** A request's place among those in work. */
export interface Place {
  readonly tenantId: string | null;
  left: boolean;
}

const RETRY_AFTER_SECONDS = 1;
/**
 * PostgreSQL is asked who sends a request before anything else is done for it. The look-up that is longest without an answer
 * shows how long the queue is, in this process and before the database, whatever requests do afterwards (wait for a VPN
 * server, hash a password). Measured at twice of what two cores can do: with the places alone, p50 of what was accepted was
 * 3.3 s.
 */
const QUEUE_MS = 500;
/** A queue of that length for this long is a burst: it is worked off. After that, new requests are shed. */
const BURST_MS = 5_000;
/** Keep shedding for 5 s after the last refusal, so that the queue cannot build up again. */
const CALM_MS = 5_000;

const overloaded = (why: string) =>
  new CVaultError('overloaded', why, { retryAfterSeconds: RETRY_AFTER_SECONDS });

/**
 * Counts the requests in work, and refuses what is too much: a request that is refused at once costs next to nothing, one that
 * waits behind a thousand others costs memory and a connection, and its sender gives up before it is answered.
 *
 * Only senders who are known count: nobody else makes the queue look long or holds a place.
 *
 * With n tenants at work each may have 1/(n+1) of the places, so a share is always free for one that comes; a tenant alone
 * has half of them.
 */
export function createAdmission(places: number, now: () => number = () => performance.now()) {
  let inWork = 0;
  /** When look-ups that are not answered yet began, oldest first. */
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
     * Runs the look-up of a sender whose API key is known.
     * @throws CVaultError `overloaded` where such look-ups wait for too long
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
     * Takes a place for a request that has arrived as a whole.
     * @param tenantId null: the operator's
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
