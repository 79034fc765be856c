/**
 * Reasons to take a device off its VPN server while it keeps its keys and address. Several can hold it at once. It
 * is live again when the last is released, so a release restores exactly what its hold removed.
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
  /** The tenant suspended the device itself. */
  device: 64,
} as const;

export type Hold = keyof typeof HOLDS;

/** The names of the bits in `devices.holds`. */
export function holdsOf(bits: number): Hold[] {
  return (Object.keys(HOLDS) as Hold[]).filter((hold) => (bits & HOLDS[hold]) !== 0);
}
