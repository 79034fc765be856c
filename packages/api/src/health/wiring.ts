import type { WiredFleet } from '../fleet/index.ts';
import type { WiredJobs } from '../platform/jobs/wiring.ts';
import type { Noun } from '../platform/noun.ts';
import type { Platform } from '../platform/platform.ts';
import { type Probe, healthRoutes } from './routes.ts';

export interface HealthNeeds {
  readonly fleet: WiredFleet;
  readonly jobs: WiredJobs;
}

function probesOf({ databases }: Platform, { fleet: { fleet }, jobs }: HealthNeeds): Probe[] {
  return [
    {
      name: 'database',
      async check() {
        await databases.requests.pool.query('SELECT 1');
        return { ok: true };
      },
    },
    {
      name: 'vpn-servers',
      check() {
        const states = fleet.states();
        const ready = states.filter((state) => state === 'ready').length;
        return Promise.resolve({
          ok: true,
          degraded: ready < states.length,
          detail: `${ready} of ${states.length} linked`,
        });
      },
    },
    {
      name: 'periodic-work',
      check() {
        const status = jobs.runner.status();
        const runs = status.filter(({ failedRuns }) => failedRuns > 1).length;
        const items = status.reduce((sum, { failing }) => sum + failing.length, 0);
        return Promise.resolve({
          ok: true,
          degraded: runs + items > 0,
          detail: `${items} items fail, ${runs} of ${status.length} jobs`,
        });
      },
    },
  ];
}

export function wireHealth(platform: Platform, needs: HealthNeeds) {
  const { clock, stopping } = platform;
  const options = { clock, probes: probesOf(platform, needs), draining: () => stopping.aborted };
  return { routes: (app) => void app.register(healthRoutes, options) } satisfies Noun;
}
