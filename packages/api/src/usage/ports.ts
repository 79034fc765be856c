import type { Retention } from '../platform/config/config.ts';
import type { Items } from '../platform/jobs/items.ts';
import type { DataBudget } from '../user-limits/index.ts';
import type { Reading, Sample, StoredPass } from './meter.ts';
import type { Granularity, UsageRow } from './series.ts';

/** The VPN servers' counters, as this process reaches them. */
export interface CounterSource {
  /** Ids of the VPN servers whose agent this process is linked to. */
  readable(): string[];
  /**
   * Reads all counters of a VPN server anew. Null while it is away.
   * @param stored what was written down whole before; null for nothing
   */
  stats(serverId: string, stored: StoredPass | null): Promise<Sample | null>;
}

/** A VPN server that is this process's to read now. */
export interface DueServer {
  readonly serverId: string;
  readonly stored: StoredPass | null;
}

/** Whose limit is reached: a user's (`userId`) or a whole tenant's (null). */
export interface OverLimit {
  readonly tenantId: string;
  readonly userId: string | null;
}

/** A device that its VPN server lets nothing through for any more, because this budget is used up. */
export interface Cut {
  readonly deviceId: string;
  readonly budget: string;
}

/** Where readings become usage, sessions and used data. */
export interface MeterStore {
  /** Claims those of the VPN servers that are due; each is due again `everySeconds` later, whoever claims it then. */
  claimDue(serverIds: readonly string[], everySeconds: number): Promise<DueServer[]>;
  /** From now on the handshakes of this pass are believed, and those of every earlier one are not. */
  beginPass(serverId: string, sample: Omit<Sample, 'readings'>): Promise<void>;
  /**
   * Writes down a page of the pass, all of it or nothing. Doing it again, later, or out of order counts nothing twice.
   * Answers whose data limit is reached.
   * @param readings each device once
   */
  store(
    serverId: string,
    sample: Omit<Sample, 'readings'>,
    readings: readonly Reading[],
  ): Promise<readonly OverLimit[]>;
  /** Every page of the pass is written down: closes sessions whose device has been silent for LIVE_HANDSHAKE_SECONDS. */
  endPass(serverId: string, sample: Omit<Sample, 'readings'>): Promise<void>;
}

/** Devices that are held because data is used up. All answer the VPN servers that have to hear of it. */
export interface DataLimitStore extends DataBudget {
  hold(over: OverLimit, items: Items): Promise<readonly string[]>;
  /** Brings back the devices of those who are below their limits: the period turned, or a limit was raised. */
  release(items: Items): Promise<readonly string[]>;
  /**
   * After the turn of a period, has VPN servers hear anew what is left for devices that have limits. Does a bounded part
   * of it; call it until `done`.
   */
  renew(items: Items): Promise<{ readonly done: boolean; readonly serverIds: readonly string[] }>;
  /** Decides what it means that devices are cut off: see OverLimit, and who gets what is left anew. */
  settleCuts(cuts: readonly Cut[]): Promise<{
    readonly reached: readonly OverLimit[];
    readonly serverIds: readonly string[];
  }>;
}

export interface RetentionStore {
  /**
   * Turns hours that are older than `hourlyDays` into days and deletes what is older than it is kept for. What one run does
   * is bounded; the rest is the next one's.
   */
  clean(retention: Retention, items: Items): Promise<void>;
}

/** Whose usage is asked for. `device` is limited to the user's own. */
export type UsageScope =
  | { readonly of: 'user'; readonly tenantId: string; readonly userId: string }
  | {
      readonly of: 'device';
      readonly tenantId: string;
      readonly userId: string;
      readonly deviceId: string;
    }
  | { readonly of: 'tenant'; readonly tenantId: string }
  /** Of the devices that keys of one mode see. */
  | { readonly of: 'live' | 'test'; readonly tenantId: string }
  | { readonly of: 'server'; readonly serverId: string };

export interface UsageStore {
  /**
   * Usage that is not zero, by time and, for a user's or a device's, by device; oldest first. Null where there is no such
   * device, tenant or VPN server.
   * @param most how many rows are answered at most
   */
  series(
    scope: UsageScope,
    range: { readonly from: Date; readonly to: Date; readonly granularity: Granularity },
    most: number,
  ): Promise<UsageRow[] | null>;
}
