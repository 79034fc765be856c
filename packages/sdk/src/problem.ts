import type { components } from './generated/api.ts';

type ProblemBody = components['schemas']['Problem'];

/** The fault of one field. */
export interface FieldFault {
  /** JSON pointer (RFC 6901) to the field. */
  readonly pointer: string;
  readonly message: string;
}

/** The API refused a call or failed. */
export class CVaultProblem extends Error {
  readonly status: number;
  /** One of the closed set of codes; `unknown` if the answer is not the API's. */
  readonly code: ProblemBody['code'] | 'unknown';
  readonly detail: string;
  /** Identifies the call in the API's log. */
  readonly requestId: string | undefined;
  readonly errors: readonly FieldFault[];

  constructor(status: number, body: Partial<ProblemBody>) {
    const detail = body.detail ?? `the server answered ${status} without a reason`;
    super(detail);
    this.name = 'CVaultProblem';
    this.status = status;
    this.code = body.code ?? 'unknown';
    this.detail = detail;
    this.requestId = body.requestId;
    this.errors = body.errors ?? [];
  }
}

/** No answer arrived. It is unknown whether the call had an effect. */
export class CVaultUnreachable extends Error {
  constructor(baseUrl: string, cause: unknown) {
    super(`no answer from ${baseUrl}`, { cause });
    this.name = 'CVaultUnreachable';
  }
}

/** Reads the problem from an answer, which a proxy may have produced. */
export async function problemOf(response: Response): Promise<CVaultProblem> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  const text = await response.text();
  if (!isProblem) return new CVaultProblem(response.status, {});
  try {
    return new CVaultProblem(response.status, JSON.parse(text) as ProblemBody);
  } catch {
    return new CVaultProblem(response.status, {});
  }
}
