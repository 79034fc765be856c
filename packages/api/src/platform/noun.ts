import type { FastifyInstance } from 'fastify';
import type { Job } from './jobs/job.ts';

/** What a noun's `wiring.ts` returns: what the process needs of it, and whatever other nouns do. */
export interface Noun {
  readonly routes?: (app: FastifyInstance) => void;
  readonly jobs?: readonly Job[];
  readonly [forOtherNouns: string]: unknown;
}
