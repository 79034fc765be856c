/** Version of the wire format. Raised when an old agent could misread a new control plane or the reverse. */
export const PROTOCOL_VERSION = 2;

/** Longest line either side accepts, in bytes. A full batch or page is under 64 KiB; the rest is room to grow. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Most ops in one `apply`. One `wg set` with 100 peers was measured at 15–21 ms, so a batch delays nobody by much. */
export const MAX_BATCH_OPS = 128;

/** Most peers in one `listed` answer. */
export const LIST_PAGE_PEERS = 1000;

/** Most devices in one `stats` answer. */
export const STATS_PAGE_DEVICES = 1000;

/** Most of the VPN server's own tunnel addresses: one of each pool, and of its IPv6 range. */
export const MAX_INTERFACE_ADDRESSES = 64;

/**
 * Age of a handshake up to which a tunnel counts as live. WireGuard rejects a session's keys 180 s after the handshake that
 * made them (REJECT_AFTER_TIME), so an older one proves nothing.
 */
export const LIVE_HANDSHAKE_SECONDS = 180;
