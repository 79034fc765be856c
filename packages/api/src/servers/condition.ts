import type { Server } from './server.ts';

/**
 * Whether a VPN server can do what it is for. Its `state` says what the operator wants of it; this says what it is able to.
 * - healthy: its agent answers and finds nothing that would keep packets from devices
 * - degraded: its agent answers, and names what is wrong with the machine
 * - unreachable: its agent does not answer
 */
type Condition = 'healthy' | 'degraded' | 'unreachable';

/** One thing that is wrong with a VPN server. */
export interface ConditionReason {
  /** Such as `no_route_out`; a newer agent may know codes that this control plane does not. */
  readonly code: string;
  /** For the operator; holds no key and no client's address. */
  readonly detail: string;
  /** Null where nobody knows. */
  readonly since: Date | null;
}

/** What one replica knows of its own channel to a VPN server: null before the first attempt has ended, or just after a cut. */
export type LinkView = { readonly linked: true } | { readonly linked: false; readonly why: string } | null;

export interface ServerCondition {
  /** Null while it is provisioning: nobody has looked yet. */
  readonly condition: Condition | null;
  readonly reasons: readonly ConditionReason[];
}

/** @param link of the replica that is asked, which notices at once, long before the database does */
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
