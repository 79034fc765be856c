import type { Server } from './server.ts';

/**
 * Whether a VPN server can do its job. Its `state` is the operator's intention; this is its ability.
 * - healthy: its agent answers and finds nothing that would keep packets from devices
 * - degraded: its agent answers, and names the faults of the machine
 * - unreachable: its agent does not answer
 */
type Condition = 'healthy' | 'degraded' | 'unreachable';

/** One fault of a VPN server. */
export interface ConditionReason {
  /** Such as `no_route_out`; a newer agent may send codes that this control plane does not know. */
  readonly code: string;
  /** For the operator; holds no key and no client's address. */
  readonly detail: string;
  /** Null if unknown. */
  readonly since: Date | null;
}

/**
 * One replica's view of its own channel to a VPN server: null before the first attempt has ended, or just after a
 * cut.
 */
export type LinkView = { readonly linked: true } | { readonly linked: false; readonly why: string } | null;

export interface ServerCondition {
  /** Null while it is provisioning and unchecked. */
  readonly condition: Condition | null;
  readonly reasons: readonly ConditionReason[];
}

/** @param link of the replica that answers, which notices at once, long before the database does */
export function conditionOf(
  server: Pick<Server, 'state' | 'reachable' | 'lastContactAt' | 'unreachableSince' | 'problems'>,
  link: LinkView,
): ServerCondition {
  if (server.state === 'provisioning') return { condition: null, reasons: [] };
  const unreachable = (detail: string): ServerCondition => ({
    condition: 'unreachable',
    reasons: [{ code: 'unreachable', detail, since: server.unreachableSince ?? server.lastContactAt }],
  });
  if (link?.linked === false) return unreachable(link.why);
  if (link === null && !server.reachable) {
    return unreachable(
      server.lastContactAt === null ? 'Its agent has never answered.' : 'Its agent has stopped answering.',
    );
  }
  if (server.problems.length > 0) return { condition: 'degraded', reasons: server.problems };
  return { condition: 'healthy', reasons: [] };
}
