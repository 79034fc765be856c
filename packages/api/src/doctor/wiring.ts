import type { WiredFleet } from '../fleet/index.ts';
import { ADMIN } from '../platform/http/prefixes.ts';
import type { WiredJobs } from '../platform/jobs/wiring.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { doctorRoutes } from './routes.ts';
import { createDoctor } from './service.ts';
import { createDoctorStore } from './store.ts';

/** The doctor checks its findings on an interface again after this time: a push is over by then. */
const SECOND_LOOK_MS = 3_000;

export interface DoctorNeeds {
  readonly fleet: WiredFleet;
  readonly jobs: WiredJobs;
}

export function wireDoctor({ databases, clock }: Platform, { fleet: { fleet, peers }, jobs }: DoctorNeeds) {
  const store = createDoctorStore(databases.operator);
  const doctor = createDoctor({
    store,
    peers,
    fleet,
    clock,
    secondLookMs: SECOND_LOOK_MS,
    jobs: jobs.runner.status,
  });
  return {
    routes: (app) => void app.register(doctorRoutes, { prefix: ADMIN, doctor, clock }),
  } satisfies Noun;
}
