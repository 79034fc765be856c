import { CVaultError } from '../platform/errors.ts';
import { didYouMean, nearest } from '../platform/text/nearest.ts';

/** Keeps the message readable; the list of locations has all of them. */
const REGIONS_SHOWN = 20;

/**
 * Refuses a region without an available VPN server. Suggests the likely one and lists the others.
 * @param regions those that could have been named
 * @param which VPN server was looked for there
 */
export function unknownRegion(
  region: string,
  regions: readonly string[],
  which: 'any' | 'another' = 'any',
): CVaultError {
  const near = nearest(region, regions);
  const question = near === null ? '' : ` Did you mean ${near}?`;
  const shown = regions.slice(0, REGIONS_SHOWN).join(', ');
  const more = regions.length > REGIONS_SHOWN ? ` and ${regions.length - REGIONS_SHOWN} more` : '';
  const there = regions.length === 0 ? 'No region has one now.' : `Regions that do: ${shown}${more}.`;
  const what = which === 'any' ? 'No VPN server' : 'No other VPN server';
  return new CVaultError('unknown_region', `${what} of this region takes devices.${question} ${there}`, {
    faults: [
      {
        pointer: '/region',
        message: `names no region with ${which === 'any' ? 'an' : 'another'} active VPN server${didYouMean(region, regions)}`,
      },
    ],
  });
}
