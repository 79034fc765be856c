import {
  MAX_BATCH_OPS,
  Op,
  type Refused,
  requests,
  type RequestMessage,
  type RequestOf,
  type Verb,
  VERBS,
} from '@cvault/protocol';
import { z } from 'zod';

/** An op of a received batch; `undefined` for one that cannot be read, which fails alone. */
export type ReceivedOp = Op | undefined;

/** The input of a verb's handler. */
export type Received<V extends Verb> = V extends 'apply'
  ? Omit<RequestOf<'apply'>, 'ops'> & { ops: ReceivedOp[] }
  : RequestOf<V>;

export type ReceivedRequest = { [V in Verb]: RequestMessage<V, Received<V>> }[Verb];

/** The ops of a batch are read one by one, so that one bad op blocks no other. */
const ReceivedRequest = requests<ReceivedRequest>({
  apply: VERBS.apply.request.extend({
    ops: z
      .array(z.unknown().transform((op): ReceivedOp => Op.safeParse(op).data))
      .min(1)
      .max(MAX_BATCH_OPS),
  }),
});

const IdOnly = z.object({ id: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) });

/** Reads one line of the control plane. Returns the refusal to send if it is no request. */
export function readRequest(line: string): ReceivedRequest | Refused {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return badRequest(null, 'the line is not JSON');
  }
  const request = ReceivedRequest.safeParse(message);
  if (request.success) return request.data;
  const id = IdOnly.safeParse(message);
  return badRequest(id.success ? id.data.id : null, describe(request.error));
}

function badRequest(id: number | null, detail: string): Refused {
  return { type: 'refused', id, code: 'bad_request', detail };
}

/** Names the wrong fields, never their values. */
function describe(error: z.ZodError): string {
  const fields = error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'request'}: ${issue.code}`);
  return fields.join('; ').slice(0, 500);
}
