import type { Items } from '../platform/jobs/items.ts';
import type { DataBudget } from '../user-limits/index.ts';
import type { Reading, Sample, StoredPass } from './meter.ts';
import type { Granularity, UsageRow } from './series.ts';

/** The VPN servers' counters, as far as this process can reach them. */
export interface CounterSource {
  /** Ids of VPN servers that this process is linked to. */
  readable(): string[];
  /**
   * Reads all counters of a VPN server; null while it is unreachable.
   * @param stored the last completely stored pass; null for none
   */
  stats(serverId: string, stored: StoredPass | null): Promise<Sample | null>;
}

/** A VPN server that this process has to read now. */
export interface DueServer {
  readonly serverId: string;
  readonly stored: StoredPass | null;
}

/** A reached limit, of a user (`userId`) or of a whole tenant (null). */
export interface OverLimit {
  readonly tenantId: string;
  readonly userId: string | null;
}

/** A device that its VPN server cut off because this budget is exhausted. */
export interface Cut {
  readonly deviceId: string;
  readonly budget: string;
}

/** Turns readings into usage, sessions and used data. */
export interface MeterStore {
  /** Claims the due VPN servers, which are due again after `everySeconds`. */
  claimDue(serverIds: readonly string[], everySeconds: number): Promise<DueServer[]>;
  /** Makes this pass the one whose handshakes count. */
  beginPass(serverId: string, sample: Omit<Sample, 'readings'>): Promise<void>;
  /**
   * Stores a page of the pass atomically. Repetition, delay and reordering count nothing twice. Returns the reached
   * limits.
   * @param readings each device once
   */
  store(
    serverId: string,
    sample: Omit<Sample, 'readings'>,
    readings: readonly Reading[],
  ): Promise<readonly OverLimit[]>;
  /**
   * Called after all pages of the pass: closes sessions of devices that have been silent for
   * LIVE_HANDSHAKE_SECONDS.
   */
  endPass(serverId: string, sample: Omit<Sample, 'readings'>): Promise<void>;
}

/** Holds because of exhausted data. Every method returns the VPN servers to notify. */
export interface DataLimitStore extends DataBudget {
  hold(over: OverLimit, items: Items): Promise<readonly string[]>;
  /** Releases devices below their limits, after a new period or a raised limit. */
  release(items: Items): Promise<readonly string[]>;
  /**
   * In a new period, gives VPN servers new budgets for devices with limits. Does a bounded part; repeat until
   * `done`.
   */
  renew(items: Items): Promise<{ readonly done: boolean; readonly serverIds: readonly string[] }>;
  /** Decides about cut-off devices: either the limit is reached, or the remainder is granted again. */
  settleCuts(cuts: readonly Cut[]): Promise<{
    readonly reached: readonly OverLimit[];
    readonly serverIds: readonly string[];
  }>;
}

/** The subject of the report. `device` is limited to the user's own. */
export type UsageScope =
  | { readonly of: 'user'; readonly tenantId: string; readonly userId: string }
  | {
      readonly of: 'device';
      readonly tenantId: string;
      readonly userId: string;
      readonly deviceId: string;
    }
  | { readonly of: 'tenant'; readonly tenantId: string }
  /** Devices that keys of one mode see. */
  | { readonly of: 'live' | 'test'; readonly tenantId: string }
  | { readonly of: 'server'; readonly serverId: string };

export interface UsageStore {
  /**
   * Usage other than zero, by time and, for a user or device, by device; oldest first. Null for an unknown device,
   * tenant or VPN server.
   * @param most the maximum of rows
   */
  series(
    scope: UsageScope,
    range: { readonly from: Date; readonly to: Date; readonly granularity: Granularity },
    most: number,
  ): Promise<UsageRow[] | null>;
}
