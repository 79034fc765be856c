import type { DeviceStats } from '@cvault/protocol';
import type { Reading } from './metering.ts';

/** The protocol allows more, but writing and reading this many delays neither side for long. */
const PAGE_DEVICES = 200;

/** Cuts one reading into pages. */
export function statsPage(
  { pass, devices }: Reading,
  after: string | undefined,
): { pass: number; devices: DeviceStats[]; more: boolean } {
  const last = after?.toLowerCase();
  const start = last === undefined ? 0 : firstAfter(devices, last);
  const end = start + PAGE_DEVICES;
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
