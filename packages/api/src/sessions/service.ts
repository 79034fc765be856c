import { type DeviceStore, type Owner, statusOf } from '../devices/index.ts';
import { CVaultError, invalidField, notFound } from '../platform/errors.ts';
import type { PastSession, Session, SessionScope, SessionStore } from './session.ts';

export interface SessionServiceDeps {
  readonly devices: Pick<DeviceStore, 'find'>;
  readonly sessions: SessionStore;
}

export interface SessionPage {
  readonly sessions: readonly PastSession[];
  /** The last session of the page; null on the last page. */
  readonly lastId: string | null;
}

/** Sessions, as an end user's app starts, ends and lists them. */
export function createSessionService({ devices, sessions }: SessionServiceDeps) {
  return {
    /**
     * Opens a session. A second call for the same device returns the first one's.
     * @throws CVaultError `not_found`; `state_conflict` for a device that may not connect; `unavailable` while its
     * VPN server has not acknowledged it
     */
    async connect(
      owner: Owner,
      deviceId: string,
    ): Promise<{ id: string; connectedAt: Date; opened: boolean }> {
      const device = await devices.find(owner, deviceId);
      if (device === null) throw notFound('device');
      const status = statusOf(device);
      if (status === 'pending') {
        throw new CVaultError('unavailable', 'The VPN server has not acknowledged the device yet.', {
          retryAfterSeconds: 2,
        });
      }
      if (status !== 'active')
        throw new CVaultError(
          'state_conflict',
          `The device is ${status}; only an active device can connect.`,
        );
      return sessions.open(owner, deviceId);
    },

    listOpen: (owner: Owner): Promise<Session[]> => sessions.listOpen(owner),

    /** @throws CVaultError `not_found` if the device has no open session */
    async disconnect(owner: Owner, deviceId: string): Promise<{ id: string; closedAt: Date }> {
      const closed = await sessions.close(owner, deviceId);
      if (closed === null) throw notFound('open session of a device');
      return closed;
    },

    /**
     * A page of open and past sessions, newest first.
     * @throws CVaultError `not_found`; `invalid_request` if `afterId` is no session of the scope
     */
    async history(scope: SessionScope, limit: number, afterId?: string): Promise<SessionPage> {
      // One extra row shows whether there is another page.
      const found = await sessions.history(scope, { limit: limit + 1, afterId });
      if (found === null) throw notFound(scope.of === 'mode' ? 'tenant' : scope.of);
      if (found === 'unknown_page') {
        throw invalidField(
          '/cursor',
          'must be the `nextCursor` of another page of this list; it may be too old',
        );
      }
      const page = found.slice(0, limit);
      return { sessions: page, lastId: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
  };
}

export type SessionService = ReturnType<typeof createSessionService>;
