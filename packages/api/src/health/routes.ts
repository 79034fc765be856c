import type { Clock } from '../platform/clock.ts';
import { CVaultError } from '../platform/errors.ts';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Instant } from '../platform/http/schemas/answers.ts';

/** The result of checking one part of the platform. */
interface ProbeResult {
  /** False: no request can be answered properly, so none should be sent here. */
  readonly ok: boolean;
  /** True: impaired, but working. For example, one VPN server is unreachable while the others serve. */
  readonly degraded?: boolean;
  /** Public, so it must hold no addresses or secrets. */
  readonly detail?: string;
}

export interface Probe {
  readonly name: string;
  check(): Promise<ProbeResult>;
}

export interface HealthOptions {
  readonly clock: Clock;
  readonly probes: readonly Probe[];
  /** True once the process is asked to stop: load balancers send no new requests, and running ones finish. */
  readonly draining: () => boolean;
}

/** A slower probe counts as failed, since callers have deadlines of their own. */
const PROBE_DEADLINE_MS = 2_000;

const Check = z.object({
  name: z.string(),
  status: z.enum(['ok', 'degraded', 'failed']),
  detail: z.string().optional(),
});
type Check = z.infer<typeof Check>;

const Health = z.object({ status: z.literal('ok'), timestamp: Instant }).meta({ id: 'Health' });
const Readiness = z
  .object({ status: z.enum(['ready', 'degraded']), checks: z.array(Check) })
  .meta({ id: 'Readiness' });

function statusOf({ ok, degraded }: ProbeResult): Check['status'] {
  if (!ok) return 'failed';
  return degraded === true ? 'degraded' : 'ok';
}

async function run(probe: Probe): Promise<Check> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ProbeResult>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: 'does not answer' }), PROBE_DEADLINE_MS);
  });
  const result = await Promise.race([probe.check(), late])
    .catch((): ProbeResult => ({ ok: false, detail: 'cannot be reached' }))
    .finally(() => clearTimeout(timer));
  return {
    name: probe.name,
    status: statusOf(result),
    ...(result.detail === undefined ? {} : { detail: result.detail }),
  };
}

function describe({ name, detail }: Check): string {
  return detail === undefined ? name : `${name} (${detail})`;
}

/** Whether the process runs, and whether it can answer. */
export const healthRoutes: FastifyPluginAsyncZod<HealthOptions> = async (
  app,
  { clock, probes, draining },
) => {
  const access = { access: 'public' } as const;
  const alive = () => ({ status: 'ok' as const, timestamp: clock.now() });

  app.get(
    '/health',
    {
      config: { ...access, act: null, limit: 'none' },
      schema: {
        operationId: 'getHealth',
        tags: ['Health'],
        summary: 'The API runs',
        response: { 200: Health },
      },
    },
    alive,
  );

  app.get(
    '/livez',
    {
      config: { ...access, act: null, limit: 'none' },
      schema: {
        operationId: 'getLiveness',
        tags: ['Health'],
        summary: 'The process runs; nothing else is looked at',
        response: { 200: Health },
      },
    },
    alive,
  );

  app.get(
    '/readyz',
    {
      config: { ...access, act: null, limit: 'none' },
      schema: {
        operationId: 'getReadiness',
        tags: ['Health'],
        summary: 'The API can answer; 503 names what is missing',
        response: { 200: Readiness },
      },
    },
    async () => {
      if (draining()) throw new CVaultError('unavailable', 'Not ready: the process is stopping.');
      const checks = await Promise.all(probes.map(run));
      const failed = checks.filter((check) => check.status === 'failed');
      if (failed.length > 0) {
        throw new CVaultError('unavailable', `Not ready: ${failed.map(describe).join(', ')}.`);
      }
      const status = checks.every((check) => check.status === 'ok')
        ? ('ready' as const)
        : ('degraded' as const);
      return { status, checks };
    },
  );
};
