import type { Noun } from '../noun.ts';
import type { Platform } from '../platform.ts';
import { forgetAnswers } from './forget-answers.job.ts';
import { createIdempotencyStore } from './store.ts';

export function wireIdempotency({ databases, vault }: Platform) {
  const { requests, operator, jobs } = databases;
  return {
    /** For the door. */
    options: { store: createIdempotencyStore(requests, operator), vault },
    jobs: [forgetAnswers(jobs)],
  } satisfies Noun;
}
