import {
  FEATURES,
  formatDigest,
  type Answer,
  type Hello,
  type HostNotice,
  type HostReport,
  type OpResult,
} from '@cvault/protocol';
import { InterfaceLost } from './interface-lost.ts';
import { Listing } from './listing.ts';
import type { Reading } from './metering.ts';
import type { ReceivedOp, ReceivedRequest } from './requests.ts';
import type { InterfaceState } from './state.ts';
import { statsPage } from './stats-pages.ts';

/** One control plane's conversation with the agent. All conversations of an agent share its state. */
export interface Session {
  readonly hello: Hello;
  /** @throws {InterfaceLost} */
  answer(request: ReceivedRequest): Promise<Answer>;
  /** Tells nothing more. */
  close(): void;
}

/** What a session asks of the agent. */
export interface SessionContext {
  readonly hello: Hello;
  readonly lost: AbortSignal;
  /** @throws {InterfaceLost} */
  checkInterface(): Promise<void>;
  apply(ops: readonly ReceivedOp[]): Promise<OpResult[]>;
  /** Answers why it was refused; undefined where it was done. */
  configure(addresses: readonly string[]): Promise<string | undefined>;
  /** Brings the state up to date with the interface. */
  readInterface(): Promise<void>;
  readonly life: string;
  /** Reads the counters anew. */
  readStats(stored: number | undefined, withCut: boolean): Promise<Reading>;
  /** The agent's newest report of its host. */
  hostReport(fresh: boolean): Promise<HostReport>;
  onHostReport(listener: (report: HostReport) => void): () => void;
  /** Sends what was not asked for. */
  send(notice: HostNotice): void;
  /** Looks at the state as it is, between two batches. */
  view<T>(look: (state: InterfaceState) => T): Promise<T>;
  /** Looks at it step by step, between which batches go on. */
  viewInSteps(look: (state: InterfaceState) => Iterator<undefined, void>): Promise<void>;
}

type RequestOf<T extends ReceivedRequest['type']> = Extract<ReceivedRequest, { type: T }>;

export function openSession(context: SessionContext): Session {
  const { hello } = context;
  const { epoch } = hello;
  let listing: Listing | undefined;
  let reading: Reading | undefined;
  let stopTelling: (() => void) | undefined;

  async function list({ id, after }: RequestOf<'list'>): Promise<Answer> {
    if (after === undefined) {
      await context.readInterface();
      listing = undefined;
    }
    const current = listing ?? new Listing();
    if (listing === undefined) await context.viewInSteps((state) => current.collecting(state));
    listing = current;
    const page = await context.view((state) => current.page(state, after));
    if (!page.more) listing = undefined;
    return { type: 'listed', id, epoch, ...page };
  }

  async function stats({ id, after, stored, cut }: RequestOf<'stats'>): Promise<Answer> {
    if (after === undefined || reading === undefined) reading = await context.readStats(stored, cut === true);
    const page = statsPage(reading, after);
    if (!page.more) reading = undefined;
    return { type: 'stats', id, epoch, life: context.life, ...page };
  }

  async function configure({ id, addresses }: RequestOf<'configure'>): Promise<Answer> {
    const refusal = await context.configure(addresses);
    if (refusal !== undefined) return { type: 'refused', id, code: 'bad_request', detail: refusal };
    return { type: 'configured', id };
  }

  async function watch({ id, fresh }: RequestOf<'watch'>): Promise<Answer> {
    const report = await context.hostReport(fresh);
    stopTelling ??= context.onHostReport((news) => context.send({ type: 'host', ...news }));
    return { type: 'watching', id, ...report };
  }

  async function answer(request: ReceivedRequest): Promise<Answer> {
    const { id } = request;
    if ('epoch' in request && request.epoch !== epoch) {
      return { type: 'refused', id, code: 'wrong_epoch', detail: `the epoch is ${epoch}` };
    }
    switch (request.type) {
      case 'apply':
        return { type: 'applied', id, results: await context.apply(request.ops) };
      case 'list':
        return list(request);
      case 'status':
        await context.checkInterface();
        return { type: 'status', id, epoch, peerCount: await context.view((state) => state.peerCount) };
      case 'configure':
        return configure(request);
      case 'digest':
        await context.readInterface();
        return context.view((state) => ({
          type: 'digest',
          id,
          epoch,
          peers: state.orderlyDevices,
          digest: formatDigest(state.digest),
          drifted: state.drifted,
        }));
      case 'stats':
        return stats(request);
      case 'watch':
        return watch(request);
      case 'features':
        return { type: 'features', id, features: [...FEATURES] };
    }
  }

  return {
    hello,
    close: () => stopTelling?.(),
    async answer(request) {
      context.lost.throwIfAborted();
      try {
        return await answer(request);
      } catch (error) {
        await context.checkInterface();
        if (error instanceof InterfaceLost) throw error;
        const detail = 'the interface could not be read or changed';
        return { type: 'refused', id: request.id, code: 'failed', detail };
      }
    },
  };
}
