import { notFound } from '../platform/errors.ts';
import { conditionOf, type LinkView, type ServerCondition } from './condition.ts';
import type { Server } from './server.ts';

/** A VPN server's health in the database: its condition, and how far it lags behind. */
export interface StoredHealth extends Pick<
  Server,
  'state' | 'reachable' | 'lastContactAt' | 'unreachableSince' | 'problems'
> {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  /** The epoch that was reconciled last; null if none ever was. */
  readonly epoch: string | null;
  /** Changes that it has not acknowledged. */
  readonly queuedChanges: number;
  /** Age of the oldest of them, in seconds; 0 if there is none. */
  readonly lagSeconds: number;
  /** Seconds since its agent last answered a replica; null for never. */
  readonly lastContactSeconds: number | null;
  /** Total of peers that somebody else had changed on it. */
  readonly driftFound: number;
  /** The time of the last such change; null for never. */
  readonly driftFoundAt: Date | null;
}

export interface ServerHealthStore {
  /** Every VPN server that may have peers, or only this one. */
  find(id?: string): Promise<StoredHealth[]>;
}

export interface ServerHealth extends StoredHealth, ServerCondition {
  /** The link of the answering replica: `absent` if it keeps none. */
  readonly link: 'connecting' | 'reconciling' | 'ready' | 'away' | 'closed' | 'absent';
}

export interface ServerHealthDeps {
  readonly store: ServerHealthStore;
  readonly fleet: {
    stateOf(serverId: string): { state: Exclude<ServerHealth['link'], 'absent'> } | null;
    linkTo(serverId: string): LinkView;
  };
}

/** How closely VPN servers follow the desired state. */
export function createServerHealthService({ store, fleet }: ServerHealthDeps) {
  const withLink = (stored: StoredHealth): ServerHealth => ({
    ...stored,
    ...conditionOf(stored, fleet.linkTo(stored.id)),
    link: fleet.stateOf(stored.id)?.state ?? 'absent',
  });
  return {
    /** @throws CVaultError `not_found` */
    async of(id: string): Promise<ServerHealth> {
      const [stored] = await store.find(id);
      if (stored === undefined) throw notFound('VPN server');
      return withLink(stored);
    },

    async all(): Promise<ServerHealth[]> {
      return (await store.find()).map(withLink);
    },
  };
}

export type ServerHealthService = ReturnType<typeof createServerHealthService>;
