import {
  type Answer,
  type AnswerOf,
  FEATURES,
  formatDigest,
  type Hello,
  type HostNotice,
  type HostReport,
  type OpResult,
  type Refused,
  type Verb,
  VERBS,
} from '@cvault/protocol';
import { InterfaceLost } from './interface-lost.ts';
import { Listing } from './listing.ts';
import type { Reading } from './metering.ts';
import type { Received, ReceivedOp, ReceivedRequest } from './requests.ts';
import type { InterfaceState } from './state.ts';
import { statsPage } from './stats-pages.ts';

/** One control plane's conversation with the agent. All conversations of an agent share its state. */
export interface Session {
  readonly hello: Hello;
  /** @throws {InterfaceLost} */
  answer(request: ReceivedRequest): Promise<Answer>;
  /** Sends no more notices. */
  close(): void;
}

/** The functions of the agent that its sessions use. */
export interface SessionContext {
  readonly hello: () => Hello;
  readonly lost: AbortSignal;
  /** @throws {InterfaceLost} */
  checkInterface(): Promise<void>;
  apply(ops: readonly ReceivedOp[]): Promise<OpResult[]>;
  /** Returns why it was refused; undefined if it was done. */
  configure(addresses: readonly string[]): Promise<string | undefined>;
  /** Updates the state from the interface. */
  readInterface(): Promise<void>;
  readonly life: string;
  /** Reads the counters anew. */
  readStats(stored: number | undefined, withCut: boolean): Promise<Reading>;
  /** The agent's newest report of its host. */
  hostReport(fresh: boolean): Promise<HostReport>;
  onHostReport(listener: (report: HostReport) => void): () => void;
  /** Reads the state between two batches. */
  view<T>(look: (state: InterfaceState) => T): Promise<T>;
  /** Reads the state step by step, so that batches run between steps. */
  viewInSteps(look: (state: InterfaceState) => Iterator<undefined, void>): Promise<void>;
}

/** One for each verb. What it throws refuses the request. */
type Handlers = { readonly [V in Verb]: (request: Received<V>) => Promise<AnswerOf<V>> };

/** Thrown where a request cannot be answered, though nothing has failed. */
class RequestRefused extends Error {
  readonly code: Refused['code'];

  constructor(code: Refused['code'], detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Answers what opens sessions; `send` takes what the agent tells without being asked. */
export function createSessions(context: SessionContext): (send: (notice: HostNotice) => void) => Session {
  return function openSession(send) {
    const hello = context.hello();
    const { epoch } = hello;
    let listing: Listing | undefined;
    let reading: Reading | undefined;
    let stopNotices: (() => void) | undefined;

    const handlers: Handlers = {
      apply: async ({ ops }) => ({ results: await context.apply(ops) }),

      async list({ after }) {
        if (after === undefined) {
          await context.readInterface();
          listing = undefined;
        }
        const current = listing ?? new Listing();
        if (listing === undefined) await context.viewInSteps((state) => current.collecting(state));
        listing = current;
        const page = await context.view((state) => current.page(state, after));
        if (!page.more) listing = undefined;
        return { epoch, ...page };
      },

      async status() {
        await context.checkInterface();
        return { epoch, peerCount: await context.view((state) => state.peerCount) };
      },

      async configure({ addresses }) {
        const refusal = await context.configure(addresses);
        if (refusal !== undefined) throw new RequestRefused('bad_request', refusal);
        return {};
      },

      async digest() {
        await context.readInterface();
        return context.view(({ orderlyDevices: peers, digest, drifted }) => ({
          ...{ epoch, peers, digest: formatDigest(digest), drifted },
        }));
      },

      async stats({ after, stored, cut }) {
        if (after === undefined || reading === undefined) {
          reading = await context.readStats(stored, cut === true);
        }
        const page = statsPage(reading, after);
        if (!page.more) reading = undefined;
        return { epoch, life: context.life, ...page };
      },

      features: () => Promise.resolve({ features: [...FEATURES] }),

      async watch({ fresh }) {
        const report = await context.hostReport(fresh);
        stopNotices ??= context.onHostReport((news) => send({ type: 'host', ...news }));
        return report;
      },
    };

    async function answer(request: ReceivedRequest): Promise<Answer> {
      const { type, id } = request;
      if ('epoch' in request && request.epoch !== epoch) {
        throw new RequestRefused('wrong_epoch', `the epoch is ${epoch}`);
      }
      // The request was validated as its verb's own; TypeScript does not see that the handler is the same verb's.
      const handle = handlers[type] as (request: ReceivedRequest) => Promise<AnswerOf<Verb>>;
      return { type: VERBS[type].answers, id, ...(await handle(request)) } as Answer;
    }

    return {
      hello,
      close: () => stopNotices?.(),
      async answer(request) {
        context.lost.throwIfAborted();
        const refuse = (code: Refused['code'], detail: string): Answer => ({
          ...{ type: 'refused', id: request.id, code, detail },
        });
        try {
          return await answer(request);
        } catch (error) {
          if (error instanceof RequestRefused) return refuse(error.code, error.message);
          await context.checkInterface();
          if (error instanceof InterfaceLost) throw error;
          return refuse('failed', 'the interface could not be read or changed');
        }
      },
    };
  };
}
