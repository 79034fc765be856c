/**
 * Why a device is taken off its VPN server while it keeps everything that is its own. Several can hold it at once; it is
 * live again when the last one is released, so that releasing one brings back exactly what that one took.
 */
export const HOLDS = {
  /** Its tenant is suspended. */
  tenant: 1,
  /** Its user is suspended. */
  user: 2,
  /** Its VPN server is disabled. */
  server: 4,
  /** The data of this period is used up. */
  data: 8,
  /** Its `expiresAt` has passed. */
  expired: 16,
  /** Its key is older than the tenant allows. */
  key: 32,
  /** It is suspended itself, by its tenant. */
  device: 64,
} as const;

export type Hold = keyof typeof HOLDS;

/** The names of the bits in `devices.holds`. */
export function holdsOf(bits: number): Hold[] {
  return (Object.keys(HOLDS) as Hold[]).filter((hold) => (bits & HOLDS[hold]) !== 0);
}
