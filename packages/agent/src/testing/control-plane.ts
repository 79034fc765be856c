import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import {
  Answer,
  Hello,
  HostNotice,
  LineDecoder,
  encodeLine,
  type DeviceStats,
  type Op,
  type OpResult,
  type ListedPeer,
} from '@cvault/protocol';

/** The other side of an agent's stream in its simplest form: one request at a time. */
export interface TestControlPlane {
  readonly hello: Hello;
  /** Sends a line unchanged and waits for the next answer. */
  sendLine(line: string): Promise<Answer>;
  request(message: object): Promise<Answer>;
  /** Waits for the next line, which must be unsolicited. */
  notice(): Promise<HostNotice>;
  /** Sends a batch with the epoch of the hello. Throws if it was not applied. */
  apply(...ops: Op[]): Promise<OpResult[]>;
  /** Adds these addresses to the interface. Throws if it was refused. */
  configure(...addresses: string[]): Promise<void>;
  digest(): Promise<Extract<Answer, { type: 'digest' }>>;
  /** All pages, with `life` and `pass` of the last. */
  stats(stored?: number, cut?: boolean): Promise<{ life: string; pass: number; devices: DeviceStats[] }>;
  /** All pages. */
  list(): Promise<ListedPeer[]>;
}

export async function connectControlPlane(input: Readable, output: Writable): Promise<TestControlPlane> {
  const lines = readLines(input);
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the agent ended the connection');
    return JSON.parse(value);
  };
  const hello = Hello.parse(await next());
  let lastId = 0;

  async function sendLine(line: string): Promise<Answer> {
    if (!output.write(line)) await once(output, 'drain');
    return Answer.parse(await next());
  }

  async function request(message: object): Promise<Answer> {
    return sendLine(encodeLine({ id: ++lastId, ...message }));
  }

  return {
    hello,
    sendLine,
    request,
    notice: async () => HostNotice.parse(await next()),
    async apply(...ops) {
      const answer = await request({ type: 'apply', epoch: hello.epoch, ops });
      if (answer.type !== 'applied') throw new Error(`the batch was answered with ${JSON.stringify(answer)}`);
      return answer.results;
    },
    async configure(...addresses) {
      const answer = await request({ type: 'configure', epoch: hello.epoch, addresses });
      if (answer.type !== 'configured')
        throw new Error(`configure was answered with ${JSON.stringify(answer)}`);
    },
    async digest() {
      const answer = await request({ type: 'digest' });
      if (answer.type !== 'digest') throw new Error(`digest was answered with ${JSON.stringify(answer)}`);
      return answer;
    },
    async stats(stored, cut) {
      const devices: DeviceStats[] = [];
      for (;;) {
        const after = devices.at(-1)?.deviceId;
        const answer = await request({ type: 'stats', stored, after, ...(cut === true ? { cut } : {}) });
        if (answer.type !== 'stats') throw new Error(`stats was answered with ${JSON.stringify(answer)}`);
        devices.push(...answer.devices);
        if (!answer.more) return { life: answer.life, pass: answer.pass, devices };
      }
    },
    async list() {
      const peers: ListedPeer[] = [];
      for (;;) {
        const after = peers.at(-1)?.publicKey;
        const answer = await request({ type: 'list', ...(after === undefined ? {} : { after }) });
        if (answer.type !== 'listed') throw new Error(`the list was answered with ${JSON.stringify(answer)}`);
        peers.push(...answer.peers);
        if (!answer.more) return peers;
      }
    },
  };
}

async function* readLines(input: Readable): AsyncGenerator<string, void> {
  const decoder = new LineDecoder();
  for await (const chunk of input) yield* decoder.push(chunk as Buffer);
}
