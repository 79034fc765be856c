import { ADMIN } from '../http/prefixes.ts';
import type { Noun } from '../noun.ts';
import type { Platform } from '../platform.ts';
import { jobRoutes } from './routes.ts';
import { createJobRunner } from './runner.ts';

/** Runs the jobs of these nouns, once it is started. */
export function wireJobs({ clock, itemsOf, log }: Platform, nouns: readonly Noun[]) {
  const runner = createJobRunner(
    nouns.flatMap(({ jobs = [] }) => jobs),
    { clock, itemsOf, onError: (what, error) => log.error({ err: error, what }, 'periodic work failed') },
  );
  return {
    runner,
    routes: (app) => void app.register(jobRoutes, { prefix: ADMIN, jobs: runner.status }),
  } satisfies Noun;
}

export type WiredJobs = ReturnType<typeof wireJobs>;
