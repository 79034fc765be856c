/** Version of the wire format. Raised when an old agent could misread a new control plane or the reverse. */
export const PROTOCOL_VERSION = 1;

/** Longest line either side accepts, in bytes. A full batch or page is under 64 KiB; the rest is room to grow. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** Most ops in one `apply`. One `wg set` with 100 peers was measured at 15–21 ms, so a batch delays nobody by much. */
export const MAX_BATCH_OPS = 128;

/** Most peers in one `listed` answer. */
export const LIST_PAGE_PEERS = 1000;
