import type { Limits } from '@cvault/protocol';
import type { Fault } from './guard.ts';
import { createMemoryMeter } from './memory-meter.ts';
import type { Meter } from './meter.ts';

/** What holds for the packets of one device. */
export interface DevicePolicy {
  readonly deviceId: string;
  readonly addresses: readonly string[];
  readonly limits?: Limits | undefined;
  readonly network?: string | undefined;
}

/** What the agent does to packets beside WireGuard itself. What holds for devices outlives the agent. */
export interface Traffic {
  /** Counts what passes; only to be used after `install`. */
  readonly meter: Meter;
  /**
   * Puts the rules in place, or replaces them at one stroke, for an interface with these addresses of its own, in CIDR
   * notation. Called before the agent serves anybody, and when the interface got another address. Answers whether there
   * were rules before.
   */
  install(ownAddresses: readonly string[]): Promise<boolean>;
  /**
   * Looks whether the rules are still as they were left. Each fault can be mended; where counters or policies were lost
   * with them, mending ends the agent's epoch.
   * @param touched somebody else is known to have changed counters or policies
   */
  faults(touched: boolean): Promise<Fault[]>;
  /** Tells of a line of `nft monitor` whether it changes counters or what holds for devices. */
  isAboutDevices(line: string): boolean;
  /**
   * Puts these policies in force, in one go, in place of what held for the devices and their addresses. Of a device whose
   * addresses change, the ones that it still has go on under the new policy until they are released.
   */
  admit(policies: readonly DevicePolicy[]): Promise<void>;
  /** Ids of the budgets that let nothing pass any more. */
  usedUp(): Promise<ReadonlySet<string>>;
  /**
   * Called with each reading. Forgets the budgets that have had no device since before a reading that was written down
   * (`stored`): a device that comes back sooner finds what it had left, not what was written down last.
   */
  forgetBudgets(pass: number, stored: number | undefined): Promise<void>;
  /**
   * Forgets the connections that these tunnel addresses have open and the policies that they are under, so that whoever
   * gets an address next inherits none of them. Answers the addresses for which that did not work.
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
