import type { Duplex } from 'node:stream';
import { finished } from 'node:stream';
import {
  type Answer,
  type AnswerOf,
  type DeviceStats,
  encodeLine,
  type Feature,
  featureOf,
  Hello,
  type HostReport,
  Incoming,
  LineDecoder,
  type ListedPeer,
  type Op,
  type OpResult,
  type RequestOf,
  type Verb,
  VERBS,
} from '@cvault/protocol';
import { TransportError } from './transports/transport.ts';

/**
 * An agent that sends nothing about a request for this long counts as gone. There is no limit for a whole request:
 * a busy host with 50,000 peers needs longer to read them, and each process that it starts has a limit.
 */
const SILENCE_MS = 10_000;
/** For an agent that cannot report progress: as long as one of its processes may run. */
const OLD_AGENT_SILENCE_MS = 60_000;
/** The agent’s relay is a Node.js process, which takes seconds to start on a slow host. */
const HELLO_DEADLINE_MS = 20_000;

/** Thrown if the agent refuses a whole request. `wrong_epoch`: our state of it is outdated. */
export class RequestRefused extends Error {
  readonly code: 'wrong_epoch' | 'bad_request' | 'failed';

  constructor(code: RequestRefused['code'], detail: string) {
    super(`the agent refused a request: ${code}: ${detail}`);
    this.name = 'RequestRefused';
    this.code = code;
  }
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** Talks to one agent over one stream. Any fault ends the stream: a new one starts from a known state. */
export class AgentClient {
  readonly hello: Hello;
  /** The agent's features beyond the protocol version; empty before `learnFeatures`. */
  #features: ReadonlySet<string> = new Set();
  /** Resolves when the stream has ended, with the reason. */
  readonly closed: Promise<Error>;
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #onHost: ((report: HostReport) => void) | undefined;
  #ended: Error | undefined;

  private constructor(stream: Duplex, hello: Hello, closed: Promise<Error>) {
    this.#stream = stream;
    this.hello = hello;
    this.closed = closed;
    void closed.then((reason) => this.#end(reason));
  }

  /**
   * Waits for the agent's hello.
   * @throws TransportError `refused` if anything but an agent of our protocol answers
   */
  static async open(stream: Duplex): Promise<AgentClient> {
    const decoder = new LineDecoder();
    let client: AgentClient | undefined;
    const closed = new Promise<Error>((resolve) => {
      finished(stream, (error) => resolve(error ?? new Error('the agent closed the channel')));
    });
    return new Promise<AgentClient>((resolve, reject) => {
      const refuse = (message: string, cause?: unknown) => {
        clearTimeout(timer);
        reject(new TransportError('refused', message, cause));
        stream.destroy();
      };
      const timer = setTimeout(() => refuse('the agent sent no hello in time'), HELLO_DEADLINE_MS);
      void closed.then((reason) => refuse('the channel closed before the agent’s hello', reason));
      stream.on('data', (chunk: Buffer) => {
        try {
          for (const line of decoder.push(chunk)) {
            if (client !== undefined) {
              client.#receive(line);
              continue;
            }
            const hello = Hello.safeParse(JSON.parse(line));
            if (!hello.success)
              return refuse('the agent speaks another version of the protocol', hello.error);
            clearTimeout(timer);
            client = new AgentClient(stream, hello.data, closed);
            resolve(client);
          }
        } catch (cause) {
          if (client === undefined) refuse('what answers is not an agent', cause);
          else stream.destroy(new Error('the agent sent what is not of the protocol', { cause }));
        }
      });
    });
  }

  /** Asks for the agent's features. An agent that does not know the request refuses it and has none. */
  async learnFeatures(): Promise<void> {
    try {
      this.#features = new Set((await this.ask('features', {})).features);
    } catch (error) {
      if (!(error instanceof RequestRefused) || error.code !== 'bad_request') throw error;
    }
  }

  can(feature: Feature): boolean {
    return this.#features.has(feature);
  }

  /**
   * Makes the agent apply up to MAX_BATCH_OPS ops. Returns a result for each, in order.
   * @throws {RequestRefused}
   */
  async apply(ops: Op[]): Promise<OpResult[]> {
    const { results } = await this.ask('apply', { epoch: this.hello.epoch, ops });
    if (results.length !== ops.length) {
      const error = new Error(`the agent answered ${results.length} results to ${ops.length} ops`);
      this.#stream.destroy(error);
      throw error;
    }
    return results;
  }

  /** All peers on the interface now. */
  async list(): Promise<ListedPeer[]> {
    const peers: ListedPeer[] = [];
    for (;;) {
      const after = peers.at(-1)?.publicKey;
      const page = await this.ask('list', after === undefined ? {} : { after });
      peers.push(...page.peers);
      if (!page.more) return peers;
      if (page.peers.length === 0) throw new Error('the agent promised another page and sent an empty one');
    }
  }

  /** Adds these addresses to the interface, each with the length of its network. */
  async configure(addresses: string[]): Promise<void> {
    await this.ask('configure', { epoch: this.hello.epoch, addresses });
  }

  /** One line that shows whether a listing would contain anything new. */
  async digest(): Promise<{ peers: number; digest: bigint; drifted: number }> {
    const { peers, digest, drifted } = await this.ask('digest', {});
    return { peers, digest: BigInt(`0x${digest}`), drifted };
  }

  /**
   * The bytes that all devices have sent and received.
   * @param stored the last pass of this epoch that was stored completely; undefined for none
   */
  async stats(stored: number | undefined): Promise<{ life: string; pass: number; devices: DeviceStats[] }> {
    const devices: DeviceStats[] = [];
    let first: { life: string; pass: number } | undefined;
    for (;;) {
      const after = devices.at(-1)?.deviceId;
      const page = await this.ask('stats', {
        ...(stored === undefined ? {} : { stored }),
        ...(after === undefined ? {} : { after }),
        ...(this.can('budgets') ? { cut: true } : {}),
      });
      first ??= { life: page.life, pass: page.pass };
      if (page.life !== first.life) throw new Error('the counters began anew while they were read');
      devices.push(...page.devices);
      // The first page's pass: another reader may have started a newer one since, of which we have only a part.
      if (!page.more) return { ...first, devices };
      if (page.devices.length === 0) throw new Error('the agent promised another page and sent an empty one');
    }
  }

  /**
   * Reports what the agent knows of its host, and every later change, in the agent's order. An older agent knows
   * nothing.
   * @param fresh makes it check everything first
   */
  async watchHost(fresh: boolean, onReport: (report: HostReport) => void): Promise<void> {
    if (!this.can('host')) {
      onReport({ problems: [], mended: [] });
      return;
    }
    this.#onHost = onReport;
    await this.ask('watch', { fresh });
  }

  async peerCount(): Promise<number> {
    return (await this.ask('status', {})).peerCount;
  }

  close(): void {
    this.#stream.destroy();
  }

  /**
   * A request after the end would wait for ever: the end rejects only the requests that wait then, and comes once.
   */
  async ask<V extends Verb>(verb: V, request: RequestOf<V>): Promise<AnswerOf<V>> {
    const feature = featureOf(verb);
    if (feature !== undefined && !this.can(feature)) {
      throw new RequestRefused('bad_request', `the agent is older than ${verb}`);
    }
    const answer = await this.#send(verb, request);
    if (answer.type === 'refused') throw new RequestRefused(answer.code, answer.detail);
    if (answer.type !== VERBS[verb].answers) throw new Error(`the agent answered ${answer.type} to ${verb}`);
    return answer as unknown as AnswerOf<V>;
  }

  async #send(type: Verb, request: object): Promise<Answer> {
    const id = this.#nextId++;
    return new Promise<Answer>((resolve, reject) => {
      // Every agent answers this request at once.
      if (this.#ended !== undefined || this.#stream.destroyed) {
        return reject(new Error('the channel to the agent is closed', { cause: this.#ended }));
      }
      const tells = this.can('progress');
      // Every agent answers this request at once.
      const silenceMs = tells || type === 'features' ? SILENCE_MS : OLD_AGENT_SILENCE_MS;
      const timer = setTimeout(() => {
        this.#stream.destroy(new Error(`the agent was silent for ${silenceMs} ms about a request: ${type}`));
      }, silenceMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.#stream.write(encodeLine({ type, id, ...(tells ? { progress: true } : {}), ...request }));
    });
  }

  #receive(line: string): void {
    const answer = Incoming.parse(JSON.parse(line));
    // Handled at once, also for an answer: a notice may follow before the answer's promise resolves.
    if (answer.type === 'host' || answer.type === 'watching')
      this.#onHost?.({ problems: answer.problems, mended: answer.mended });
    if (answer.type === 'host') return;
    if (answer.id === null) throw new Error(`the agent could not read a request: ${JSON.stringify(answer)}`);
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) throw new Error('the agent answered what nobody asked');
    if (answer.type === 'progress') return void waiting.timer.refresh();
    this.#waiting.delete(answer.id);
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  #end(reason: Error): void {
    this.#ended = reason;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error('the channel to the agent was cut', { cause: reason }));
    }
    this.#waiting.clear();
  }
}
