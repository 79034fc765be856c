import { z } from 'zod';
import { LIST_PAGE_PEERS, MAX_BATCH_OPS, MAX_INTERFACE_ADDRESSES, STATS_PAGE_DEVICES } from './limits.ts';
import { Op, OpResult } from './ops.ts';
import { DeviceStats, HostReport, ListedPeer } from './reports.ts';
import { Count, DeviceId, Digest, Epoch, InterfaceAddress, WireGuardKey } from './values.ts';

interface VerbRow {
  /** Beside `type` (the verb), `id` and `progress`. */
  readonly request: z.ZodObject;
  /** `type` of the answer. */
  readonly answers: string;
  /** Beside `type` and `id`. */
  readonly answer: z.ZodObject;
  /** Changes the interface. Changes are answered in their order and do not wait for readings. */
  readonly changes?: true;
  /** Agents that have the verb name this feature. Absent: every agent of this version of the protocol has it. */
  readonly feature?: string;
}

/**
 * The requests to an agent. Types, validation, features and the client are made from this table; the agent's
 * handlers (`agent/src/session.ts`) do not compile until they have each verb.
 *
 * Both sides refuse fields that they do not know. A new verb therefore has a `feature`, and is never sent to an agent that does not
 * name it.
 */
export const VERBS = {
  apply: {
    changes: true,
    request: z.strictObject({
      /**
       * The epoch that the sender last saw. A wrong one refuses the whole request: the sender's state is outdated.
       */
      epoch: Epoch,
      ops: z.array(Op).min(1).max(MAX_BATCH_OPS),
    }),
    answers: 'applied',
    answer: z.strictObject({
      /** In the order of the request's ops. */
      results: z.array(OpResult).max(MAX_BATCH_OPS),
    }),
  },
  list: {
    request: z.strictObject({
      /** The last public key of the page before. Absent for the first page, which also reads the interface again. */
      after: WireGuardKey.optional(),
    }),
    answers: 'listed',
    answer: z.strictObject({
      epoch: Epoch,
      /** Ordered by public key. */
      peers: z.array(ListedPeer).max(LIST_PAGE_PEERS),
      /** True where another page follows; ask for it with `after`. */
      more: z.boolean(),
    }),
  },
  status: {
    request: z.strictObject({}),
    answers: 'status',
    answer: z.strictObject({ epoch: Epoch, peerCount: Count }),
  },
  /**
   * The VPN server's own tunnel addresses, each with the length of the network of its devices. Those that the interface lacks are
   * added; what else it has stays.
   */
  configure: {
    changes: true,
    request: z.strictObject({
      epoch: Epoch,
      addresses: z.array(InterfaceAddress).min(1).max(MAX_INTERFACE_ADDRESSES),
    }),
    answers: 'configured',
    answer: z.strictObject({}),
  },
  /** Reads the interface and answers in one line whether a listing would show anything new. */
  digest: {
    request: z.strictObject({}),
    answers: 'digest',
    answer: z.strictObject({
      epoch: Epoch,
      /** Devices whose peer is on the interface exactly as their op wants it. */
      peers: Count,
      /** The digest over those devices. */
      digest: Digest,
      /** Peers that no device claims, and devices whose peer is missing or differs because of a change by hand. */
      drifted: Count,
    }),
  },
  /** The bytes that devices have sent and received. Paged by device id. */
  stats: {
    request: z.strictObject({
      /** The last device of the page before. Absent for the first page, which also reads the counters again. */
      after: DeviceId.optional(),
      /**
       * The highest `pass` that was written down whole. The agent may forget devices that were gone before it. Absent: none.
       */
      stored: Count.optional(),
      /** Report the devices that are cut off. Only to an agent with the feature `budgets`. */
      cut: z.literal(true).optional(),
    }),
    answers: 'stats',
    answer: z.strictObject({
      epoch: Epoch,
      /** Names the counters: another value means that all counts began again at 0. Outlives the agent. */
      life: z.string().regex(/^[0-9a-f]{32}$/),
      /** Numbers the readings of this epoch, from 1. */
      pass: Count.min(1),
      devices: z.array(DeviceStats).max(STATS_PAGE_DEVICES),
      more: z.boolean(),
    }),
  },
  /** The agent's features beyond this protocol version. An agent older than this verb refuses it and has none. */
  features: {
    request: z.strictObject({}),
    answers: 'features',
    answer: z.strictObject({
      /** An agent may have more features than the control plane knows. */
      features: z.array(z.string().max(40)).max(64),
    }),
  },
  /** The agent's report of its host. From then on it sends a `host` message on every change. */
  watch: {
    feature: 'host',
    request: z.strictObject({
      /** Check everything first, which takes some 100 ms; otherwise the answer is the last report. */
      fresh: z.boolean(),
    }),
    answers: 'watching',
    answer: HostReport,
  },
} as const satisfies Record<string, VerbRow>;

export type Verb = keyof typeof VERBS;
export type RequestOf<V extends Verb> = z.infer<(typeof VERBS)[V]['request']>;
export type AnswerOf<V extends Verb> = z.infer<(typeof VERBS)[V]['answer']>;

/**
 * Features of agents since version 2 of the protocol, beside verbs.
 * - `budgets`: takes `limits.budgets`, and answers `cut` to a `stats` request that asks for it.
 * - `progress`: tells every two seconds that a request is still worked on, where that is asked for. To read an interface with
 *   50,000 peers takes many seconds on a busy host.
 */
const ABILITIES = ['budgets', 'progress'] as const;

type VerbFeature = Extract<(typeof VERBS)[Verb], { feature: string }>['feature'];
export type Feature = (typeof ABILITIES)[number] | VerbFeature;

/** The feature that an agent must name to be asked this; undefined where every agent can be. */
export const featureOf = (verb: Verb): Feature | undefined => {
  const row: VerbRow = VERBS[verb];
  return row.feature as Feature | undefined;
};

/** The features that agents of this version name. */
export const FEATURES: readonly Feature[] = [
  ...ABILITIES,
  ...(Object.keys(VERBS) as Verb[]).map(featureOf).filter((feature) => feature !== undefined),
];
