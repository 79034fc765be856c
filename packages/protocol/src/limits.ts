/** Version of the wire format. Raised when an old agent could misread a new control plane, or the reverse. */
export const PROTOCOL_VERSION = 2;

/** The longest line either side accepts, in bytes. A full batch or page is under 64 KiB; the rest is reserve. */
export const MAX_LINE_BYTES = 1024 * 1024;

/**
 * The most ops in one `apply`. One `wg set` with 100 peers takes 15–21 ms (measured), so a batch delays nobody by
 * much.
 */
export const MAX_BATCH_OPS = 128;

/** The most peers in one `listed` answer. */
export const LIST_PAGE_PEERS = 1000;

/** The most devices in one `stats` answer. */
export const STATS_PAGE_DEVICES = 1000;

/** The most tunnel addresses of a VPN server: one of each pool, and of its IPv6 range. */
export const MAX_INTERFACE_ADDRESSES = 64;

/**
 * The greatest age of a live tunnel's handshake. WireGuard rejects a session's keys 180 s after its handshake
 * (REJECT_AFTER_TIME), so an older handshake proves nothing.
 */
export const LIVE_HANDSHAKE_SECONDS = 180;
