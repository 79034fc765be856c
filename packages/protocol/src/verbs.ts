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
 * What the control plane may ask of an agent. Types, validation, features and the client are made from this table; the agent's
 * handlers (`agent/src/session.ts`) do not compile until they have each verb.
 *
 * Both sides refuse fields that they do not know. A new verb therefore has a `feature`, and is never sent to an agent that does not
 * name it.
 */
export const VERBS = {
  apply: {
    changes: true,
    request: z.strictObject({
      /** The epoch that the sender last saw. A wrong one refuses the whole request: the sender's picture is outdated. */
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
      /** The last public key of the page before; absent for the first page, which also reads the interface anew. */
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
      /** Devices whose peer is on the interface just as their op wants it. */
      peers: Count,
      /** Over those. */
      digest: Digest,
      /** Peers that no device claims, and devices whose peer is missing or differs: something was changed by hand. */
      drifted: Count,
    }),
  },
  /** What devices have sent and received. Paged by device id. */
  stats: {
    request: z.strictObject({
      /** The last device of the page before; absent for the first page, which also reads the counters anew. */
      after: DeviceId.optional(),
      /**
       * The highest `pass` that was written down whole. The agent may forget devices that were gone before it. Absent: none.
       */
      stored: Count.optional(),
      /** Tell which devices are cut off. Only to an agent with the feature `budgets`. */
      cut: z.literal(true).optional(),
    }),
    answers: 'stats',
    answer: z.strictObject({
      epoch: Epoch,
      /** Names the counters: another one means that all counts began again at 0. Outlives the agent. */
      life: z.string().regex(/^[0-9a-f]{32}$/),
      /** Numbers the readings of this epoch, from 1. */
      pass: Count.min(1),
      devices: z.array(DeviceStats).max(STATS_PAGE_DEVICES),
      more: z.boolean(),
    }),
  },
  /** What the agent can do beyond this version of the protocol. An agent older than the question refuses it: nothing. */
  features: {
    request: z.strictObject({}),
    answers: 'features',
    answer: z.strictObject({
      /** An agent may know more than who asks. */
      features: z.array(z.string().max(40)).max(64),
    }),
  },
  /** What the agent knows of its host. From then on it sends `host` messages whenever that changes. */
  watch: {
    feature: 'host',
    request: z.strictObject({
      /** Look at everything first, which takes some 100 ms; otherwise the answer is what was found last. */
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
 * What agents have learned since version 2 of the protocol, beside verbs.
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

/** What agents of this version name. */
export const FEATURES: readonly Feature[] = [
  ...ABILITIES,
  ...(Object.keys(VERBS) as Verb[]).map(featureOf).filter((feature) => feature !== undefined),
];
