import type { Clock } from '../platform/clock.ts';
import { CVaultError, notFound } from '../platform/errors.ts';
import type { UsageScope, UsageStore } from './ports.ts';
import { type Granularity, usageRange, usageReport, type UsageReport } from './series.ts';
import { USAGE_ROWS_MAX } from '../platform/limits/limits.ts';

/** Names for "not found" messages. */
const NAMES: Readonly<Record<UsageScope['of'], string>> = {
  user: 'user',
  device: 'device',
  tenant: 'tenant',
  live: 'tenant',
  test: 'tenant',
  server: 'VPN server',
};

export interface UsageServiceDeps {
  readonly usage: UsageStore;
  readonly clock: Clock;
  /** For how many days hourly usage is kept. */
  readonly hourlyDays: number;
}

export interface UsageQuery {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly granularity: Granularity;
}

/** Reports devices' traffic to their users, tenants and the operator. */
export function createUsageService({ usage, clock, hourlyDays }: UsageServiceDeps) {
  return {
    /**
     * @throws CVaultError `not_found`; `invalid_request` for a range that is empty, too long, or has too many rows
     */
    async report(scope: UsageScope, query: UsageQuery): Promise<UsageReport> {
      const range = usageRange(query, clock.now(), hourlyDays);
      const rows = await usage.series(scope, range, USAGE_ROWS_MAX + 1);
      if (rows === null) throw notFound(NAMES[scope.of]);
      if (rows.length > USAGE_ROWS_MAX) {
        throw new CVaultError(
          'invalid_request',
          'This is too much for one answer: ask for a shorter range.',
          {
            faults: [{ pointer: '/from', message: 'must be nearer to `to`: so many devices were in use' }],
          },
        );
      }
      return usageReport(range, rows);
    },
  };
}

export type UsageService = ReturnType<typeof createUsageService>;
