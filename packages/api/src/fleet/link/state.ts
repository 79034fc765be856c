import type { PushResult } from '../../devices/index.ts';
import type { HostReport } from '@cvault/protocol';
import type { OpOf } from '../ops.ts';
import type { DesiredPeer } from '../peer.ts';
import type { PeerStore } from '../ports.ts';
import type { Transport } from '../transports/transport.ts';
import type { Channel } from './channel.ts';
import type { Drift } from './plan.ts';
import type { Repairs } from './reconcile.ts';

/** The results of earlier attempts to connect. */
export interface Past {
  /** How many times in a row no channel became ready. */
  readonly failures: number;
  /** Whether any attempt has ended. */
  readonly tried: boolean;
  /** Why the last channel or attempt ended; undefined if none has. */
  readonly error: unknown;
  /** When the last channel was cut, by performance.now(); undefined after a failed attempt to connect. */
  readonly cutAt: number | undefined;
}

/**
 * The states of a link. Each is a file, whose function runs until the link leaves the state and answers the next one:
 *
 *     connecting ─▶ reconciling ─▶ ready
 *       ▲   │            │           │
 *       │   └────────────┴───────────┴─▶ away ─▶ closed
 *       └────────────────────────────────  │
 */
interface States {
  /** No channel yet. */
  connecting: { readonly past: Past };
  /** Changes may pass already: the agent orders them by generation. */
  reconciling: { readonly past: Past; readonly channel: Channel };
  /** The VPN server matches the desired state as far as this channel knows. */
  ready: { readonly past: Past; readonly channel: Channel; readonly repairs: Repairs };
  /** Pauses before the next attempt. */
  away: { readonly past: Past };
  /** For good. */
  closed: { readonly past: Past };
}

export type LinkState = keyof States;

export type State<Name extends LinkState = LinkState> = {
  [N in Name]: { readonly name: N } & States[N];
}[Name];

/** An event of a link; each becomes a log line. */
export type LinkEvent =
  | { readonly type: 'ready'; readonly epoch: string; readonly peers: number; readonly changes: number }
  | {
      readonly type: 'repaired';
      readonly evicted: number;
      readonly removed: number;
      readonly set: number;
      readonly drift: Drift;
    }
  | { readonly type: 'pushed'; readonly outcome: PushResult['outcome'] }
  | { readonly type: 'host'; readonly report: HostReport }
  | { readonly type: 'away'; readonly error: unknown }
  | {
      readonly type: 'refused';
      readonly peer: DesiredPeer;
      readonly outcome: string;
      readonly detail: string;
    }
  | { readonly type: 'failed'; readonly what: string; readonly error: unknown };

export interface LinkDeps {
  readonly serverId: string;
  /** The expected interface, in canonical base64: with another one, devices would get no handshake. */
  readonly publicKey: string;
  readonly transport: Transport;
  readonly peers: PeerStore;
  readonly opOf: OpOf;
  readonly onEvent: (event: LinkEvent) => void;
  readonly ackDeadlineMs: number;
}

/** Shared by all states of one link. */
export interface LinkContext extends LinkDeps {
  /** Aborted when the link closes. */
  readonly stopped: AbortSignal;
  readonly state: () => State;
  /** One write at a time over all channels: two at once could reach the database in the wrong order. */
  readonly conditionWrites: { last: Promise<void> };
}

/** @param channel the channel that was open; absent if none was */
export function lost(past: Past, error: unknown, channel?: Channel): State<'away'> {
  const cutAt = channel === undefined ? undefined : performance.now();
  return { name: 'away', past: { ...past, tried: true, error, cutAt } };
}
