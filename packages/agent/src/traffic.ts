import type { Limits } from '@cvault/protocol';
import type { Fault } from './guard.ts';
import { createMemoryMeter } from './memory-meter.ts';
import type { Meter } from './meter.ts';

/** The limits and network that apply to the packets of one device. */
export interface DevicePolicy {
  readonly deviceId: string;
  readonly addresses: readonly string[];
  readonly limits?: Limits | undefined;
  readonly network?: string | undefined;
}

/** The agent's control of packets beside WireGuard itself. Policies of devices outlive the agent. */
export interface Traffic {
  /** Counts packets; use it only after `install`. */
  readonly meter: Meter;
  /**
   * Installs the rules, or replaces them in one transaction, for an interface with these addresses in CIDR
   * notation. Called before the agent serves requests, and when the interface gets another address. Returns whether
   * there were rules before.
   */
  install(ownAddresses: readonly string[]): Promise<boolean>;
  /**
   * Checks whether the rules are unchanged. Each fault can be mended. If counters or policies were lost with them,
   * mending ends the agent's epoch.
   * @param touched another process is known to have changed counters or policies
   */
  faults(touched: boolean): Promise<Fault[]>;
  /** Whether a line of `nft monitor` changes counters or policies of devices. */
  isAboutDevices(line: string): boolean;
  /**
   * Puts these policies in force in one transaction, in place of earlier ones of the devices and their addresses.
   * If a device's addresses change, those it still has use the new policy until they are released.
   */
  admit(policies: readonly DevicePolicy[]): Promise<void>;
  /** Ids of the budgets that are used up. */
  usedUp(): Promise<ReadonlySet<string>>;
  /**
   * Called with each reading. Forgets the budgets that have had no device since before a stored reading (`stored`).
   * A device that returns sooner finds its budget as it left it, not as last stored.
   */
  forgetBudgets(pass: number, stored: number | undefined): Promise<void>;
  /**
   * Deletes the open connections and the policies of these tunnel addresses, so that their next holder inherits
   * none. Returns the addresses for which that failed.
   */
  release(addresses: readonly string[]): Promise<readonly string[]>;
}

/** For interfaces that carry no packets. */
export function createNoTraffic(meter: Meter = createMemoryMeter()): Traffic {
  return {
    meter,
    install: () => Promise.resolve(true),
    faults: () => Promise.resolve([]),
    isAboutDevices: () => false,
    admit: () => Promise.resolve(),
    usedUp: () => Promise.resolve(new Set()),
    forgetBudgets: () => Promise.resolve(),
    release: () => Promise.resolve([]),
  };
}
