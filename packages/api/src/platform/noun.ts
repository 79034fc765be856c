import type { FastifyInstance } from 'fastify';
import type { Job } from './jobs/job.ts';

/** The result of a noun's `wiring.ts`: the parts that the process and other nouns need. */
export interface Noun {
  readonly routes?: (app: FastifyInstance) => void;
  readonly jobs?: readonly Job[];
  readonly [forOtherNouns: string]: unknown;
}
