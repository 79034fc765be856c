/**
 * The agent's wire format: one JSON object a line, both ways, over any byte stream.
 *
 * The agent speaks first (`hello`). After that the control plane sends requests, each with an `id`, and the agent answers each
 * with exactly one message that carries the same `id`, after the `progress` messages that the request asked for. Changes are
 * answered in their order, and readings in theirs; a change may overtake a reading.
 */
import { z } from 'zod';
import { PROTOCOL_VERSION } from './limits.ts';
import { HostReport } from './reports.ts';
import { Count, Epoch, WireGuardKey } from './values.ts';
import { type AnswerOf, type RequestOf, type Verb, VERBS } from './verbs.ts';

export const Hello = z.strictObject({
  type: z.literal('hello'),
  protocol: z.literal(PROTOCOL_VERSION),
  agentVersion: z.string().max(40),
  epoch: Epoch,
  interface: z.string().max(15),
  publicKey: WireGuardKey,
  listenPort: z.number().int().min(0).max(65535),
  peerCount: Count,
});

/** Beside what its verb says. */
const envelope = {
  id: Count,
  /** Send `progress` messages while the request is running. Only to an agent with the feature `progress`. */
  progress: z.literal(true).optional(),
};

/** Sent before the answer to a request that asks for it, as often as needed. */
const Progress = z.strictObject({ type: z.literal('progress'), id: Count });

/** Sent unasked, and only after `watch`. */
export const HostNotice = HostReport.extend({ type: z.literal('host') });

const Refused = z.strictObject({
  type: z.literal('refused'),
  /** Null if the line was too broken to contain an id. */
  id: Count.nullable(),
  code: z.enum(['wrong_epoch', 'bad_request', 'failed']),
  detail: z.string().max(500),
});

/** A request with its envelope. */
export type RequestMessage<V extends Verb, Body = RequestOf<V>> = {
  readonly type: V;
  readonly id: number;
  readonly progress?: true | undefined;
} & Body;

type AnswerMessage<V extends Verb> = { type: (typeof VERBS)[V]['answers']; id: number } & AnswerOf<V>;

export type Request = { [V in Verb]: RequestMessage<V> }[Verb];
export type Refused = z.infer<typeof Refused>;
export type Answer = { [V in Verb]: AnswerMessage<V> }[Verb] | Refused;
export type Incoming = Answer | HostNotice | z.infer<typeof Progress>;

/** TypeScript cannot follow a union over the rows of a table, so its type is stated. */
function messages<Message>([first, ...others]: z.ZodObject[]): z.ZodType<Message> {
  return z.discriminatedUnion('type', [first!, ...others]) as unknown as z.ZodType<Message>;
}

const verbs = Object.keys(VERBS) as Verb[];

/** @param override what a verb's request is here, instead of what the table says */
export function requests<Message>(override: Partial<Record<Verb, z.ZodObject>>): z.ZodType<Message> {
  return messages(
    verbs.map((verb) => {
      const body: z.ZodObject = override[verb] ?? VERBS[verb].request;
      return body.extend({ type: z.literal(verb), ...envelope });
    }),
  );
}

export const Request = requests<Request>({});

const answers = verbs.map((verb): z.ZodObject => {
  const { answer, answers: type }: { answer: z.ZodObject; answers: string } = VERBS[verb];
  return answer.extend({ type: z.literal(type), id: Count });
});

export const Answer = messages<Answer>([...answers, Refused]);

/** Every message that an agent sends after its hello. */
export const Incoming = messages<Incoming>([...answers, Refused, HostNotice, Progress]);

export type Hello = z.infer<typeof Hello>;
export type HostNotice = z.infer<typeof HostNotice>;
