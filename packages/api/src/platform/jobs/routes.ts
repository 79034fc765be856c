import type { JobStatus } from './status.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Instant } from '../http/schemas/answers.ts';

/** Listed failing items per job; `failingCount` counts all of them. */
const LISTED_MOST = 100;

const Job = z
  .object({
    name: z.string(),
    everySeconds: z.number().describe('The pause between two runs.'),
    running: z.boolean(),
    startedAt: Instant.nullable(),
    endedAt: Instant.nullable(),
    succeededAt: Instant.nullable().describe('When a run last came to its end. Items may have failed in it.'),
    failedRuns: z.int().describe('Runs in a row that ended early.'),
    durationMs: z.int().nullable().describe('How long the last run took.'),
    error: z.string().nullable().describe('Why the last run ended early. Null: it did not.'),
    done: z
      .record(z.string(), z.int())
      .describe('Counts of the work of all runs since the replica was started: `{ "devices": 12 }`.'),
    failingCount: z.int(),
    restingCount: z.int().describe('Failing items that wait for their next attempt.'),
    failing: z
      .array(
        z.object({
          item: z
            .string()
            .describe('The id of the device, user, tenant or VPN server, or the part of the work.'),
          error: z.string(),
          attempts: z.int().describe('Failed attempts in a row.'),
          failingSince: Instant,
          nextAttemptAt: Instant,
        }),
      )
      .describe(
        `At most ${LISTED_MOST}, those that fail the longest first. Everything else goes on without them.`,
      ),
  })
  .meta({ id: 'Job' });

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function jobResource({ everyMs, failing, resting, error, ...run }: JobStatus): z.input<typeof Job> {
  const oldest = [...failing].sort((a, b) => a.failingSince.getTime() - b.failingSince.getTime());
  return {
    ...run,
    everySeconds: everyMs / 1_000,
    error: error === null ? null : textOf(error),
    failingCount: failing.length,
    restingCount: resting,
    failing: oldest.slice(0, LISTED_MOST).map((one) => ({ ...one, error: textOf(one.error) })),
  };
}

export interface JobRoutesOptions {
  readonly jobs: () => readonly JobStatus[];
}

export const jobRoutes: FastifyPluginAsyncZod<JobRoutesOptions> = async (app, { jobs }) => {
  app.get(
    '/jobs',
    {
      config: { access: 'admin', act: null, limit: 'read' },
      schema: {
        operationId: 'listJobs',
        tags: ['Platform (operator)'],
        summary: 'How the periodic work goes',
        description:
          'Of the replica that answers. An item that fails is tried again after 5 s, then ever later, up to a minute; ' +
          'it delays no other item.',
        response: { 200: z.object({ jobs: z.array(Job) }).meta({ id: 'JobList' }) },
      },
    },
    async () => ({ jobs: jobs().map(jobResource) }),
  );
};
