import {
  ApplyRequest,
  ConfigureRequest,
  DigestRequest,
  FeaturesRequest,
  ListRequest,
  MAX_BATCH_OPS,
  Op,
  StatsRequest,
  StatusRequest,
  WatchRequest,
  type Answer,
  type Request,
} from '@cvault/protocol';
import { z } from 'zod';

/** An op of a batch as it came in: `undefined` for one that no rule can read, which fails alone. */
export type ReceivedOp = Op | undefined;

export type ReceivedRequest =
  Exclude<Request, { type: 'apply' }> | (Omit<ApplyRequest, 'ops'> & { ops: ReceivedOp[] });

type Refusal = Extract<Answer, { type: 'refused' }>;

/** An `apply` is read in two steps, the ops one by one, so that one bad op of a batch blocks no other. */
const Envelope = z.discriminatedUnion('type', [
  ListRequest,
  StatusRequest,
  ConfigureRequest,
  DigestRequest,
  StatsRequest,
  FeaturesRequest,
  WatchRequest,
  ApplyRequest.extend({ ops: z.array(z.unknown()).min(1).max(MAX_BATCH_OPS) }),
]);

const IdOnly = z.object({ id: ApplyRequest.shape.id });

/** Reads one line of the control plane; answers the refusal to send where it is no request. */
export function readRequest(line: string): ReceivedRequest | Refusal {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return badRequest(null, 'the line is not JSON');
  }
  const envelope = Envelope.safeParse(message);
  if (!envelope.success) {
    const id = IdOnly.safeParse(message);
    return badRequest(id.success ? id.data.id : null, describe(envelope.error));
  }
  const request = envelope.data;
  if (request.type !== 'apply') return request;
  return { ...request, ops: request.ops.map((op) => Op.safeParse(op).data) };
}

function badRequest(id: number | null, detail: string): Refusal {
  return { type: 'refused', id, code: 'bad_request', detail };
}

/** Which fields are wrong; never what they held. */
function describe(error: z.ZodError): string {
  const fields = error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'request'}: ${issue.code}`);
  return fields.join('; ').slice(0, 500);
}
