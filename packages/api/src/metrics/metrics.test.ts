import type { ServerHealth } from '../servers/health.ts';
import { expect, test } from 'vitest';
import type { JobStatus } from '../platform/jobs/status.ts';
import { createMetrics } from './metrics.ts';

const server: ServerHealth = {
  id: '01a2150e-2f58-71ca-a47f-821bc1b7ac56',
  name: 'one',
  region: 'us-east',
  epoch: null,
  queuedChanges: 3,
  lagSeconds: 12.5,
  lastContactSeconds: null,
  driftFound: 2,
  driftFoundAt: null,
  link: 'away',
  state: 'active',
  lastContactAt: null,
  reachable: true,
  unreachableSince: null,
  problems: [],
  condition: 'degraded',
  reasons: [{ code: 'no_route_out', detail: 'There is no default route.', since: null }],
};
const evacuate: JobStatus = {
  name: 'evacuate',
  everyMs: 1_000,
  running: false,
  startedAt: new Date('2026-01-01T00:00:00Z'),
  endedAt: new Date('2026-01-01T00:00:00Z'),
  succeededAt: new Date('2026-01-01T00:00:00Z'),
  waitedForSince: new Date('2026-01-01T00:00:00Z'),
  durationMs: 250,
  error: null,
  failedRuns: 0,
  failing: [],
  resting: 0,
  done: { batches: 3 },
};
const connections = new Map([['requests', { totalCount: 5, idleCount: 3, waitingCount: 7 }]]);

test('reports how far each VPN server is behind, and the work of this process', async () => {
  const metrics = createMetrics();
  const sources = {
    servers: () => Promise.resolve([server]),
    freeShares: () => Promise.resolve(new Map([['us-east', 0.25]])),
    connections,
    jobs: () => [evacuate],
  };
  metrics.request('GET', '/api/v1/devices/:id', 404, 0.003);
  metrics.pushed('pending');
  metrics.looked({ quiet: 9, full: 1, away: 0 });
  await metrics.render(sources);
  const text = await metrics.render(sources);
  const labels = `server="${server.id}",region="us-east"`;
  for (const line of [
    `cvault_server_healthy{${labels}} 0`,
    `cvault_server_problem{${labels},code="no_route_out"} 1`,
    `cvault_server_up{${labels}} 0`,
    `cvault_server_queued_changes{${labels}} 3`,
    `cvault_server_lag_seconds{${labels}} 12.5`,
    `cvault_server_drift_found{${labels}} 2`,
    'cvault_region_free_addresses_ratio{region="us-east"} 0.25',
    'cvault_postgres_connections{pool="requests",state="waiting"} 7',
    'cvault_job_failing_items{job="evacuate"} 0',
    'cvault_job_resting_items{job="evacuate"} 0',
    'cvault_job_last_run_seconds{job="evacuate"} 0.25',
    'cvault_job_last_success_timestamp_seconds{job="evacuate"} 1767225600',
    'cvault_job_done_total{job="evacuate",what="batches"} 3',
    'cvault_pushes_total{outcome="pending"} 1',
    'cvault_looks_total{outcome="quiet"} 9',
    'cvault_http_request_duration_seconds_count{method="GET",route="/api/v1/devices/:id",status="4xx"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text, 'its agent has never answered').not.toContain('cvault_server_last_contact_seconds{');
});

test('without the database, reports what this process knows and no stale values', async () => {
  let away = false;
  const metrics = createMetrics();
  const sources = {
    servers: () => (away ? Promise.reject(new Error('away')) : Promise.resolve([server])),
    freeShares: () => Promise.resolve(new Map()),
    connections,
    jobs: () => [evacuate],
  };
  await metrics.render(sources);
  away = true;
  const text = await metrics.render(sources);
  expect(text).toContain('cvault_postgres_connections{pool="requests",state="waiting"} 7');
  expect(text).not.toContain('cvault_server_up{');
});
