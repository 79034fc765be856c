import type { PushResult } from '../devices/index.ts';
import type { JobStatus } from '../platform/jobs/status.ts';
import type { ServerHealth } from '../servers/index.ts';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Connections of one pool to PostgreSQL. */
interface ConnectionCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  /** Queries that wait for a connection. */
  readonly waitingCount: number;
}

export interface MetricsSources {
  readonly servers: () => Promise<ServerHealth[]>;
  /** The share of each region's tunnel addresses that can be leased now: 0 to 1. */
  readonly freeShares: () => Promise<ReadonlyMap<string, number>>;
  readonly connections: ReadonlyMap<string, ConnectionCounts>;
  readonly jobs: () => readonly JobStatus[];
}

/** From a cached answer to a queue of sign-ins. */
const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Prometheus metrics. Labels are VPN servers, regions and route patterns, never tenants, users, devices or
 * addresses. Counters belong to this replica; values from the database are the same on every replica.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'cvault_http_request_duration_seconds',
    help: 'Time from a request’s headers to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const pushes = new Counter({
    name: 'cvault_pushes_total',
    help: 'Changes that a request pushed to a VPN server, by what it was told.',
    labelNames: ['outcome'],
    registers,
  });
  const looks = new Counter({
    name: 'cvault_looks_total',
    help: 'Periodic looks at VPN servers: quiet ones cost a line, full ones a listing.',
    labelNames: ['outcome'],
    registers,
  });
  const ofServer = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['server', 'region'], registers });
  const up = ofServer('cvault_server_up', '1 while this replica’s link to the VPN server is ready.');
  const queued = ofServer('cvault_server_queued_changes', 'Changes that it has not acknowledged.');
  const lag = ofServer('cvault_server_lag_seconds', 'Age of the oldest change that it has not acknowledged.');
  const contact = ofServer('cvault_server_last_contact_seconds', 'Time since a replica last heard it.');
  const drift = ofServer(
    'cvault_server_drift_found',
    'Peers found changed by somebody else, since it was added.',
  );
  const healthy = ofServer('cvault_server_healthy', '1 while it is reachable and has no problem.');
  const problems = new Gauge({
    name: 'cvault_server_problem',
    help: '1 for each thing that is wrong with a VPN server and that its agent cannot mend.',
    labelNames: ['server', 'region', 'code'],
    registers,
  });
  const free = new Gauge({
    name: 'cvault_region_free_addresses_ratio',
    help: 'Share of a region’s tunnel addresses that can be leased.',
    labelNames: ['region'],
    registers,
  });
  const jobItems = new Gauge({
    name: 'cvault_job_failing_items',
    help: 'Items of periodic work that failed in their last attempt.',
    labelNames: ['job'],
    registers,
  });
  const jobRuns = new Gauge({
    name: 'cvault_job_failed_runs',
    help: 'Runs in a row of periodic work that ended early.',
    labelNames: ['job'],
    registers,
  });
  const jobResting = new Gauge({
    name: 'cvault_job_resting_items',
    help: 'Failing items of periodic work that wait for their next attempt.',
    labelNames: ['job'],
    registers,
  });
  const jobDuration = new Gauge({
    name: 'cvault_job_last_run_seconds',
    help: 'How long the last run of periodic work took.',
    labelNames: ['job'],
    registers,
  });
  const jobSuccess = new Gauge({
    name: 'cvault_job_last_success_timestamp_seconds',
    help: 'When a run of periodic work last came to its end.',
    labelNames: ['job'],
    registers,
  });
  const jobDone = new Counter({
    name: 'cvault_job_done_total',
    help: 'Counts of the work of jobs since this replica was started.',
    labelNames: ['job', 'what'],
    registers,
  });
  const jobFailures = new Counter({
    name: 'cvault_job_item_failures_total',
    help: 'Failed attempts at an item of periodic work.',
    labelNames: ['job'],
    registers,
  });
  const connections = new Gauge({
    name: 'cvault_postgres_connections',
    help: 'Connections to PostgreSQL, and queries that wait for one.',
    labelNames: ['pool', 'state'],
    registers,
  });

  /** Gauges with values from the database. */
  const gauges = [up, queued, lag, contact, drift, healthy, problems, free];

  async function read(sources: MetricsSources): Promise<void> {
    const [servers, shares] = await Promise.all([sources.servers(), sources.freeShares()]);
    for (const gauge of gauges) gauge.reset();
    for (const server of servers) {
      const labels = { server: server.id, region: server.region };
      up.set(labels, Number(server.link === 'ready'));
      queued.set(labels, server.queuedChanges);
      lag.set(labels, server.lagSeconds);
      if (server.lastContactSeconds !== null) contact.set(labels, server.lastContactSeconds);
      drift.set(labels, server.driftFound);
      healthy.set(labels, Number(server.condition === 'healthy'));
      for (const { code } of server.reasons) problems.set({ ...labels, code }, 1);
    }
    for (const [region, share] of shares) free.set({ region }, share);
  }

  function showJob({
    name: job,
    failing,
    resting,
    failedRuns,
    durationMs,
    succeededAt,
    done,
  }: JobStatus): void {
    jobItems.set({ job }, failing.length);
    jobResting.set({ job }, resting);
    jobRuns.set({ job }, failedRuns);
    if (durationMs !== null) jobDuration.set({ job }, durationMs / 1_000);
    if (succeededAt !== null) jobSuccess.set({ job }, succeededAt.getTime() / 1_000);
    for (const [what, count] of Object.entries(done)) jobDone.inc({ job, what }, count);
  }

  return {
    contentType: registry.contentType,

    request(method: string, route: string, status: number, seconds: number): void {
      requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds);
    },

    pushed(outcome: PushResult['outcome']): void {
      pushes.inc({ outcome });
    },

    itemFailed(job: string): void {
      jobFailures.inc({ job });
    },

    looked({ quiet, full, away }: { quiet: number; full: number; away: number }): void {
      looks.inc({ outcome: 'quiet' }, quiet);
      looks.inc({ outcome: 'full' }, full);
      looks.inc({ outcome: 'away' }, away);
    },

    /**
     * Renders Prometheus' text format. Without the database, its values are left out: the others matter most then.
     */
    async render(sources: MetricsSources): Promise<string> {
      for (const [pool, { totalCount, idleCount, waitingCount }] of sources.connections) {
        connections.set({ pool, state: 'idle' }, idleCount);
        connections.set({ pool, state: 'busy' }, totalCount - idleCount);
        connections.set({ pool, state: 'waiting' }, waitingCount);
      }
      jobDone.reset();
      for (const status of sources.jobs()) showJob(status);
      await read(sources).catch(() => {
        for (const gauge of gauges) gauge.reset();
      });
      return registry.metrics();
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
