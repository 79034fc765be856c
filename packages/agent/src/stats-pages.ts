import { STATS_PAGE_DEVICES, type DeviceStats } from '@cvault/protocol';
import type { Reading } from './metering.ts';

/** Cuts one reading into pages. */
export function statsPage(
  { pass, devices }: Reading,
  after: string | undefined,
): { pass: number; devices: DeviceStats[]; more: boolean } {
  const last = after?.toLowerCase();
  const start = last === undefined ? 0 : firstAfter(devices, last);
  const end = start + STATS_PAGE_DEVICES;
  return { pass, devices: devices.slice(start, end), more: end < devices.length };
}

function firstAfter(devices: readonly DeviceStats[], deviceId: string): number {
  let low = 0;
  let high = devices.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((devices[middle]?.deviceId ?? '') <= deviceId) low = middle + 1;
    else high = middle;
  }
  return low;
}
