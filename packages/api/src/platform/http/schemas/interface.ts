import { z } from 'zod';

/** The minimum of every IPv6 link (RFC 8200, section 5). */
const MTU_MIN = 1280;
/** Ethernet's 1500 bytes minus the 80 of WireGuard over IPv6. Larger packets are fragmented or lost. */
const MTU_MAX = 1420;
/** wg(8). */
const KEEPALIVE_SECONDS_MAX = 65_535;

/** Bytes. */
export const Mtu = z.int().min(MTU_MIN).max(MTU_MAX);

/** Seconds. */
export const PersistentKeepalive = z.int().min(0).max(KEEPALIVE_SECONDS_MAX);
