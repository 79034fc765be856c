import { z } from 'zod';

/** Within PostgreSQL's integer. */
export const COUNT_MAX = 2_000_000_000;

/** How many of something may be at once. To allow none, suspend. */
export const CountLimit = z.int().min(1).max(COUNT_MAX);

/** Up to 2^53 - 1, which every JSON reader keeps exactly. None at all is no plan: suspend instead. */
export const Bytes = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Bits per second: below 8,000 not even a handshake gets through in time; 1 Tbit/s is more than any VPN server has. */
export const Speed = z.int().min(8_000).max(1_000_000_000_000);

/** Ten years at most. */
export const Days = z.int().min(1).max(3_650);
